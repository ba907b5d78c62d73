"""Who comes when, and to whom."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from clinic.appointments import api, commands, pages
from clinic.appointments.audit_labels import AUDIT_LABELS
from clinic.appointments.booking.events import EVENTS
from clinic.appointments.booking.merging import VISITS
from clinic.appointments.pages import patient_list
from clinic.appointments.pages.panels import PANELS
from clinic.appointments.pages.timeline import SOURCES
from clinic.appointments.pages.zone_panel import zone_panel
from clinic.appointments.service import UpcomingPreview, follow_zone, lock_upcoming, preview_zone
from clinic.core.events.types import EventType
from clinic.core.modules import BaseModule, NavigationEntry, Panel, RecordLabels, SettingsTab, ZoneFollower
from clinic.core.subject_lists import ListBadges, ListFilter
from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.core.timeline_sources import TimelineSource
from clinic.patients.service import LIST


class AppointmentsModule(BaseModule):
    """The schedule."""

    name = "appointments"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, *api.BLUEPRINTS)

    def get_published_events(self) -> Sequence[EventType]:
        """Return what the schedule tells of."""
        return EVENTS

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return how people speak of the module's records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "appointments:read": "See the appointments",
            "appointments:notes": "See the notes on appointments, such as why one was cancelled",
            "appointments:write": "Book and cancel appointments",
            "appointments:overbook": "Book outside working hours, in the past and over other appointments",
            "schedule:write": "Set practitioners, rooms, services, working hours and closures",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the day's list."""
        return (NavigationEntry("Schedule", "appointments.index", "s", 20),)

    def get_settings_tabs(self) -> Sequence[SettingsTab]:
        """Return the tabs of what appointments need, and when that is there."""
        return (
            SettingsTab("Practitioners", "appointments.practitioners", 50),
            SettingsTab("Working hours", "appointments.hours", 55),
            SettingsTab("Opening hours", "appointments.opening_hours", 60),
            SettingsTab("Services", "appointments.services", 70),
            SettingsTab("Rooms", "appointments.rooms", 80),
        )

    def get_merge_followers(self) -> Sequence[MergeFollower | KeptRows]:
        """Return the visits of a patient; their history follows them."""
        return (VISITS,)

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the panels on the pages of patients and staff members."""
        return PANELS[page](subject_id) if page in PANELS else ()

    def get_list_filters(self, page: str) -> Sequence[ListFilter]:
        """Return the module's filters of the list of patients."""
        return patient_list.FILTERS if page == LIST else ()

    def get_list_badges(self, page: str, subject_ids: Sequence[UUID]) -> ListBadges:
        """Return the module's columns of the list of patients."""
        found = patient_list.BADGES.get(page)
        return found(subject_ids) if found else ListBadges()

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return the moves of a patient's appointments."""
        return SOURCES

    def get_zone_followers(self) -> Sequence[ZoneFollower[UpcomingPreview]]:
        """Return the appointments to come."""
        return (ZoneFollower(preview_zone, lock_upcoming, follow_zone, zone_panel),)

    def register(self, state: BlueprintSetupState) -> None:
        """Register the module and its command groups."""
        super().register(state)
        app = cast(Flask, state.app)
        for group in commands.OTHER_GROUPS:
            app.cli.add_command(group)


module = AppointmentsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
