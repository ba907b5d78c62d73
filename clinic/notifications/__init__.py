"""Notifications: messages to patients about their records, queued by event handlers and sent by a worker."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.context import current_actor
from clinic.core.events import Handler
from clinic.core.modules import BaseModule, NavigationEntry, Panel, PeriodicJob, RecordLabels
from clinic.notifications import api, appointment_messages, commands, pages
from clinic.notifications.audit_labels import AUDIT_LABELS
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.service import notification_service
from clinic.patients.service import patient_service


class NotificationsModule(BaseModule):
    """Queues a message for each event that concerns a patient; a worker sends it."""

    name = "notifications"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages and the JSON endpoints."""
        return (pages.blueprint, api.blueprint)

    def get_event_handlers(self) -> dict[str, Handler]:
        """Return the handlers of the events that cause a message."""
        return {
            "patient.created": self._on_patient_created,
            "appointment.scheduled": self._on_appointment_scheduled,
            "appointment.rescheduled": self._on_appointment_rescheduled,
            "appointment.cancelled": self._on_appointment_cancelled,
            "appointment.restored": self._on_appointment_restored,
            "invoice.paid": self._on_invoice_paid,
        }

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "notifications:read": "View messages to patients",
            "notifications:write": "Send messages to patients again",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the navigation entry of the messages."""
        return (NavigationEntry("Messages", "notifications.index", "m", 50),)

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the messages about an appointment, to those who may see them."""
        if page != "appointments.show" or not current_actor().has_permission("notifications:read"):
            return ()
        return (Panel("notifications/panel.html", {"messages": notification_service.about(subject_id)}, "aside"),)

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the sending of what is due."""
        return (PeriodicJob("send notifications", send_due, is_due=notification_queue.is_due_in_any_clinic),)

    def _on_patient_created(self, data: dict[str, Any]) -> None:
        """Welcome a new patient."""
        patient = patient_service.get(data["patient_id"])
        notification_service.queue("welcome", patient, about=patient.id)

    def _on_appointment_scheduled(self, data: dict[str, Any]) -> None:
        """Confirm an appointment."""
        appointment_messages.confirm(appointment_service.get(data["appointment_id"]))

    def _on_appointment_rescheduled(self, data: dict[str, Any]) -> None:
        """Notify the patient of another time."""
        appointment_messages.announce_move(appointment_service.get(data["appointment_id"]))

    def _on_appointment_cancelled(self, data: dict[str, Any]) -> None:
        """Notify the patient of a cancelled appointment."""
        appointment_messages.announce_cancellation(appointment_service.get(data["appointment_id"]))

    def _on_appointment_restored(self, data: dict[str, Any]) -> None:
        """Notify the patient, if they know of the cancellation, that the appointment takes place after all."""
        appointment_messages.announce_return(appointment_service.get(data["appointment_id"]))

    def _on_invoice_paid(self, data: dict[str, Any]) -> None:
        """Send a receipt for an invoice that was paid."""
        invoice = billing_service.get(data["invoice_id"])
        notification_service.queue("receipt", patient_service.get(invoice.patient_id), about=invoice.id)


module = NotificationsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
