"""The main navigation, made of the entries of the modules."""

from dataclasses import dataclass

from flask import Flask, current_app, request, url_for

from clinic.core.context import current_actor
from clinic.core.modules import NavigationEntry, registered_modules
from clinic.web.authorization import access_to


@dataclass(frozen=True)
class Link:
    """A navigation entry as a page shows it."""

    label: str
    url: str
    key: str
    current: bool
    count: int | None = None


def init_app(app: Flask) -> None:
    """Add `navigation` to the template globals."""
    app.jinja_env.globals["navigation"] = navigation


def navigation() -> list[Link]:
    """Return the entries of all modules that the current actor may open, in order, the current one marked."""
    entries = [entry for module in registered_modules() for entry in module.get_navigation() if _is_open(entry)]
    return [
        Link(entry.label, url_for(entry.endpoint), entry.key, _is_current(entry))
        for entry in sorted(entries, key=lambda entry: entry.order)
    ]


def _is_current(entry: NavigationEntry) -> bool:
    if entry.paths:
        return any(f"{request.path}/".startswith(f"{path}/") for path in entry.paths)
    return (request.endpoint or "").partition(".")[0] == entry.endpoint.partition(".")[0]


def _is_open(entry: NavigationEntry) -> bool:
    permission = access_to(current_app, entry.endpoint).permission
    return permission is None or current_actor().has_permission(permission)
