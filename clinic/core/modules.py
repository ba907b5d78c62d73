"""The base class of modules, what they contribute, and their registration through a blueprint."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from flask import Blueprint, Flask, current_app
from flask.blueprints import BlueprintSetupState

from clinic.core.events import Handler, event_bus
from clinic.core.events.types import EventType
from clinic.core.subject_lists import ListBadges, ListFilter
from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.core.timeline_sources import TimelineSource
from clinic.core.zone_change import ZonePreview

_EXTENSION = "clinic.modules"

Preview = TypeVar("Preview", bound=ZonePreview)


@dataclass(frozen=True)
class NavigationEntry:
    """An entry of the main navigation: its endpoint, and its shortcut key after `g`.

    It is the current one on every page of its blueprint that belongs to no settings tab; the one of `settings` is the
    current one on those that do, and leads who may not open its own page to the first tab that they may change.

    `count` returns how much there is to do, in at most one query; a process asks it every few seconds at most, and
    after each change. `counted` names what it is.
    """

    label: str
    endpoint: str
    key: str
    order: int
    settings: bool = False
    count: Callable[[], int] | None = None
    counted: str = ""


@dataclass(frozen=True)
class SettingsTab:
    """A tab of the clinic's administration: the endpoint of its page, to which all pages below its address belong.

    One that is no `entry` is found only beside other tabs, as that of settings which every role may view.
    """

    label: str
    endpoint: str
    order: int
    entry: bool = True


@dataclass(frozen=True)
class Panel:
    """A part of another module's page: a template with its context, at one of the page's places.

    The place `top` is below the banner of the page, `notes` in the aside after the panels of other modules, `end` its
    last one, `menu` the menu of further actions beside the `actions`.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    place: Literal["top", "main", "aside", "notes", "end", "actions", "menu"] = "main"


@dataclass(frozen=True)
class PeriodicJob:
    """Work that a worker repeats until `run` returns 0: once a minute, and as soon as `is_due` returns True.

    `is_due` is called every second and must be cheap. `counted` adds the work to what `flask worker --once` reports.
    """

    name: str
    run: Callable[[], int]
    counted: bool = True
    is_due: Callable[[], bool] | None = None


@dataclass(frozen=True)
class ZoneFollower(Generic[Preview]):
    """Records of a module that keep their local time when the clinic's time zone changes, in the same transaction.

    `preview` describes the change to a zone. `lock` keeps others from changing the records until the unit of work ends;
    in it, `follow` stores what a preview describes. `panel` shows a preview inside the form that changes the zone.
    """

    preview: Callable[[str], Preview]
    lock: Callable[[], None]
    follow: Callable[[Preview], None]
    panel: Callable[[Preview], Panel]


@dataclass(frozen=True)
class RecordLabels:
    """Labels of the rows of an audited table: `singular` is "a patient", `plural` are "patients".

    `labels` name the fields, `formatters` render the values of some, `references` name the table that a field points
    to, and `action_labels` replace the default label of an action. The page `endpoint` takes the row's id as its
    `argument`; `names` returns the display names of many rows at once.

    The timeline of a subject shows the changes of the records to actors with the `timeline_permission`, without the
    fields whose permission in `field_permissions` they lack; without a `timeline_permission` to nobody.
    """

    singular: str
    plural: str
    labels: Mapping[str, str] = field(default_factory=dict)
    formatters: Mapping[str, Callable[[Any], str | None]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    action_labels: Mapping[str, str] = field(default_factory=dict)
    endpoint: str | None = None
    argument: str | None = None
    names: Callable[[Iterable[UUID]], Mapping[UUID, str]] | None = None
    timeline_permission: str | None = None
    field_permissions: Mapping[str, str] = field(default_factory=dict)


class BaseModule:
    """A module of the program; each method returns one kind of contribution, by default none."""

    name: str

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the module's blueprints; the first one, its pages, registers the module."""
        return ()

    def get_event_handlers(self) -> dict[str, Handler]:
        """Return the handlers of events, by event name."""
        return {}

    def get_published_events(self) -> Sequence[EventType]:
        """Return the events that this module publishes."""
        return ()

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions, each with a label in plain words."""
        return {}

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the module's entries in the main navigation."""
        return ()

    def get_settings_tabs(self) -> Sequence[SettingsTab]:
        """Return the module's tabs in the clinic's administration."""
        return ()

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the panels that the module adds to the page of a record; `page` is the endpoint of that page."""
        return ()

    def get_list_filters(self, page: str) -> Sequence[ListFilter]:
        """Return the module's filters of a list of subjects; `page` is the endpoint of its page."""
        return ()

    def get_list_badges(self, page: str, subject_ids: Sequence[UUID]) -> ListBadges:
        """Return the module's columns and flags of the rows that a list shows, as far as the actor may see them."""
        return ListBadges()

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records, by table."""
        return {}

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the module's periodic jobs."""
        return ()

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return the module's records that the timeline of a subject shows."""
        return ()

    def get_zone_followers(self) -> Sequence[ZoneFollower[Any]]:
        """Return the module's records that keep their local time when the clinic's time zone changes."""
        return ()

    def get_merge_followers(self) -> Sequence[MergeFollower | KeptRows]:
        """Return the module's records that follow when two subjects are merged, and the tables whose rows stay."""
        return ()

    def register(self, state: BlueprintSetupState) -> None:
        """Add this module to an application and subscribe its handlers; called when its blueprint is registered."""
        state.app.extensions.setdefault(_EXTENSION, {})[self.name] = self
        _subscribe(self)


def registered_modules(app: Flask | None = None) -> Sequence[BaseModule]:
    """Return the modules of an application in the order of their registration."""
    target = app if app is not None else current_app
    found: dict[str, BaseModule] = target.extensions.get(_EXTENSION, {})
    return tuple(found.values())


def panels_of(page: str, subject_id: UUID) -> Sequence[Panel]:
    """Return the panels that the modules of the current application add to the page of a record."""
    return [panel for module in registered_modules() for panel in module.get_panels(page, subject_id)]


def list_filters(page: str) -> Mapping[str, ListFilter]:
    """Return the filters that the modules of the current application add to a list, by name and in order."""
    found = [one for module in registered_modules() for one in module.get_list_filters(page)]
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}


def list_badges(page: str, subject_ids: Sequence[UUID]) -> Sequence[ListBadges]:
    """Return what the modules of the current application know about the rows of a list."""
    return [module.get_list_badges(page, subject_ids) for module in registered_modules()] if subject_ids else []


def zone_followers() -> Sequence[ZoneFollower[Any]]:
    """Return the records of the modules of the current application that follow a change of the clinic's time zone."""
    return [follower for module in registered_modules() for follower in module.get_zone_followers()]


def merge_followers() -> Sequence[MergeFollower]:
    """Return the records of the modules of the current application that follow when two subjects are merged."""
    answers = [answer for module in registered_modules() for answer in module.get_merge_followers()]
    return [answer for answer in answers if isinstance(answer, MergeFollower)]


def declared_permissions(app: Flask | None = None) -> Mapping[str, str]:
    """Return the permissions that the modules of an application declare, with their labels."""
    return {name: label for module in registered_modules(app) for name, label in module.get_permissions().items()}


def subscribe_handlers(app: Flask) -> None:
    """Subscribe the handlers of every module of an application again, as after `event_bus.clear()`."""
    for module in registered_modules(app):
        _subscribe(module)


def _subscribe(module: BaseModule) -> None:
    for event_name, handler in module.get_event_handlers().items():
        event_bus.subscribe(event_name, handler)
