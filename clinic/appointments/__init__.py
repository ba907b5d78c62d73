"""Who comes when, and to whom."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint

from clinic.appointments import api, commands, pages
from clinic.appointments.records import KINDS
from clinic.appointments.service import (
    APPOINTMENT_CANCELLED,
    APPOINTMENT_SCHEDULED,
    appointment_service,
    practitioner_service,
)
from clinic.core.catalogue import EventType
from clinic.core.context import acting
from clinic.core.modules import BaseModule, NavigationEntry, Panel, RecordKind
from clinic.patients.service import patient_service


class AppointmentsModule(BaseModule):
    """The schedule."""

    name = "appointments"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint, api.practitioners)

    def get_published_events(self) -> Sequence[EventType]:
        """Return what the schedule tells of."""
        return (APPOINTMENT_SCHEDULED, APPOINTMENT_CANCELLED)

    def get_record_kinds(self) -> Mapping[str, RecordKind]:
        """Return how people speak of the module's records."""
        return KINDS

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the day's list."""
        return (NavigationEntry("Schedule", "appointments.index", "s", 20),)

    def get_patient_panels(self, patient_id: UUID) -> Sequence[Panel]:
        """Return the patient's appointments to come, and the way to book another one, to those who may."""
        if not acting().may("appointments:read"):
            return ()
        upcoming = appointment_service.upcoming_of(patient_id)
        names = practitioner_service.of(upcoming)
        context = {"upcoming": upcoming, "practitioners": names, "patient": patient_service.get(patient_id)}
        panels = [Panel("appointments/panel.html", context)]
        if acting().may("appointments:write"):
            panels.append(Panel("appointments/action.html", context, "actions"))
        return panels


module = AppointmentsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
