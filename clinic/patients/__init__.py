"""Who the patients are and how to reach them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint

from clinic.core.events import Handler
from clinic.core.events.types import EventType
from clinic.core.modules import BaseModule, NavigationEntry, Panel, PeriodicJob, RecordLabels
from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.core.timeline_sources import TimelineSource
from clinic.patients import api, commands, pages
from clinic.patients.audit_labels import AUDIT_LABELS
from clinic.patients.merging.followers import FOLLOWERS
from clinic.patients.pages.panels import panels_of_patient
from clinic.patients.pages.timeline import SOURCE
from clinic.patients.service import EVENTS, duplicate_service, recall_service, run_due_checks


class PatientsModule(BaseModule):
    """The register of patients."""

    name = "patients"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, *api.BLUEPRINTS)

    def get_published_events(self) -> Sequence[EventType]:
        """Return the events that the module publishes."""
        return EVENTS

    def get_event_handlers(self) -> dict[str, Handler]:
        """Return the handlers of bookings, which close the recalls that are due."""
        return {
            "appointment.scheduled": self._on_appointment_scheduled,
            "appointment.cancelled": self._on_appointment_cancelled,
        }

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return the changes of a patient's consent."""
        return (SOURCE,)

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "patients:read": "View patients",
            "patients:contact": "View contact details: phone, email, address",
            "patients:write": "Register and edit patients",
            "patients:merge": "Merge two records of one patient, and undo it",
        }

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return what is around a patient's record: notices below the banner, and cards beside it."""
        return panels_of_patient(subject_id) if page == "patients.show" else ()

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the entry of the list of patients."""
        return (NavigationEntry("Patients", "patients.index", "p", 30),)

    def _on_appointment_scheduled(self, data: dict[str, Any]) -> None:
        """Close the patient's recalls that are due."""
        recall_service.record_booking(UUID(data["patient_id"]), UUID(data["appointment_id"]))

    def _on_appointment_cancelled(self, data: dict[str, Any]) -> None:
        """Open the recalls again that the appointment had closed."""
        recall_service.record_cancellation(UUID(data["appointment_id"]))

    def get_merge_followers(self) -> Sequence[MergeFollower | KeptRows]:
        """Return the notes, further details and consent of a patient; search words and keys stay."""
        return FOLLOWERS

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the comparison of all patients that somebody has begun."""
        return (PeriodicJob("compare patients", run_due_checks, is_due=duplicate_service.is_check_due),)


module = PatientsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
