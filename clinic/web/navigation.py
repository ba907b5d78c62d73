"""The main navigation, put together from what the modules contribute."""

from dataclasses import dataclass

from flask import Flask, request, url_for

from clinic.core.modules import registered_modules


@dataclass(frozen=True)
class Link:
    """An entry of the navigation as a page shows it."""

    label: str
    url: str
    key: str
    current: bool
    count: int | None = None


def init_app(app: Flask) -> None:
    """Let templates ask for `navigation()`."""
    app.jinja_env.globals["navigation"] = navigation


def navigation() -> list[Link]:
    """Return the entries of all modules in their order, the present one marked."""
    entries = [entry for module in registered_modules() for entry in module.get_navigation()]
    here = (request.endpoint or "").partition(".")[0]
    return [
        Link(entry.label, url_for(entry.endpoint), entry.key, entry.endpoint.partition(".")[0] == here)
        for entry in sorted(entries, key=lambda entry: entry.order)
    ]
