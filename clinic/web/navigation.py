"""The main navigation and the tabs of the clinic's administration, made of the entries of the modules."""

from dataclasses import dataclass, replace

from flask import Flask, current_app, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.context import current_actor
from clinic.core.heartbeat import WorkerStatus, recent_worker_status
from clinic.core.modules import NavigationEntry, SettingsTab, registered_modules
from clinic.core.tenancy import current_clinic_id_or_none
from clinic.web.authorization import access_to
from clinic.web.navigation_counts import recent_count

SETTINGS = "Settings"
"""The label of the entry of the clinic's administration for those who may not see its staff."""


@dataclass(frozen=True)
class Link:
    """A navigation entry, or a tab of the clinic's administration, as a page shows it."""

    label: str
    url: str
    key: str
    current: bool
    count: int | None = None
    counted: str = ""


def init_app(app: Flask) -> None:
    """Add `navigation`, `settings_tabs` and `missing_worker` to the template globals."""
    app.jinja_env.globals.update(navigation=navigation, settings_tabs=settings_tabs, missing_worker=missing_worker)


def navigation() -> list[Link]:
    """Return the entries of all modules that the current actor may open, in order, the current one marked."""
    every = (entry for module in registered_modules() for entry in module.get_navigation())
    entries = [shown for entry in every if (shown := _shown(entry))]
    in_settings = any(_is_below(url) for _tab, url in _all_tabs())
    return [
        Link(
            entry.label,
            url_for(entry.endpoint),
            entry.key,
            _is_current(entry, in_settings=in_settings),
            _count(entry),
            entry.counted,
        )
        for entry in sorted(entries, key=lambda entry: entry.order)
    ]


def missing_worker() -> WorkerStatus | None:
    """Return the last sign of a worker if none runs and the current actor sees messages, which then wait; else None."""
    if not current_actor().has_permission("notifications:read"):
        return None
    try:
        status = recent_worker_status(current_app._get_current_object())  # type: ignore[attr-defined]
    except SQLAlchemyError:
        return None
    return None if status is None or status.is_running else status


def _count(entry: NavigationEntry) -> int | None:
    """Return how much there is to do; None for nothing, and on pages that are shown although the database fails."""
    if entry.count is None or current_clinic_id_or_none() is None:
        return None
    try:
        return recent_count(entry.endpoint, entry.count) or None
    except SQLAlchemyError:
        return None


def settings_tabs() -> list[Link]:
    """Return the administration's tabs of all modules that the current actor may open, in order.

    The current one is that with the longest address above the requested page.
    """
    tabs = _all_tabs()
    current = max((url for _tab, url in tabs if _is_below(url)), key=len, default=None)
    return [Link(tab.label, url, "", url == current) for tab, url in tabs if _is_open(tab)]


def _shown(entry: NavigationEntry) -> NavigationEntry | None:
    """Return an entry as the current actor sees it, None if it leads them nowhere."""
    if _is_open(entry) or not entry.settings:
        return entry if _is_open(entry) else None
    tab = next((tab for tab, _url in _all_tabs() if tab.entry and _is_open(tab)), None)
    return replace(entry, label=SETTINGS, endpoint=tab.endpoint) if tab else None


def _all_tabs() -> list[tuple[SettingsTab, str]]:
    """Return the tabs of all modules with their addresses, in order."""
    tabs = [tab for module in registered_modules() for tab in module.get_settings_tabs()]
    return [(tab, url_for(tab.endpoint)) for tab in sorted(tabs, key=lambda tab: tab.order)]


def _is_below(url: str) -> bool:
    return f"{request.path}/".startswith(f"{url}/")


def _is_current(entry: NavigationEntry, *, in_settings: bool) -> bool:
    own_pages = (request.endpoint or "").partition(".")[0] == entry.endpoint.partition(".")[0]
    return entry.settings if in_settings else own_pages and not entry.settings


def _is_open(entry: NavigationEntry | SettingsTab) -> bool:
    permission = access_to(current_app, entry.endpoint).permission
    return permission is None or current_actor().has_permission(permission)
