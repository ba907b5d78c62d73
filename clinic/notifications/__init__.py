"""Notifications: messages to patients about their records, queued by event handlers and sent by a worker."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Blueprint

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.events import Handler, current_event
from clinic.core.modules import BaseModule, NavigationEntry, Panel, PeriodicJob, RecordLabels, SettingsTab
from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.core.timeline_sources import TimelineSource
from clinic.notifications import api, appointment_messages, commands, pages
from clinic.notifications.audit_labels import AUDIT_LABELS
from clinic.notifications.links.issuing import delete_expired_links
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due, send_due_tests
from clinic.notifications.merging import CALLS, LINKS, MESSAGES
from clinic.notifications.pages.blueprint import calls_to_make
from clinic.notifications.payment_planning import plan_payment_reminders
from clinic.notifications.planning import plan_visit
from clinic.notifications.planning_job import plan_due
from clinic.notifications.service import notification_service
from clinic.notifications.timeline_texts import SOURCE
from clinic.notifications.writing.trial_mails import test_mail_queue
from clinic.patients.service import PatientMerged, patient_service


class NotificationsModule(BaseModule):
    """Queues a message for each event that concerns a patient; a worker sends it."""

    name = "notifications"

    def get_blueprints(self) -> Sequence[Blueprint]:
        """Return the pages, those behind links, and the JSON endpoints."""
        return (pages.blueprint, pages.public_blueprint, *api.BLUEPRINTS)

    def get_event_handlers(self) -> dict[str, Handler]:
        """Return the handlers of the events that cause a message."""
        return {
            "patient.created": self._on_patient_created,
            "appointment.scheduled": self._on_appointment_scheduled,
            "appointment.rescheduled": self._on_appointment_rescheduled,
            "appointment.cancelled": self._on_appointment_cancelled,
            "appointment.restored": self._on_appointment_restored,
            "appointment.arrived": self._on_appointment_arrived,
            "appointment.fulfilled": self._on_appointment_fulfilled,
            "appointment.missed": self._on_appointment_missed,
            "invoice.issued": self._on_invoice_issued,
            "invoice.credited": self._on_invoice_credited,
            "invoice.paid": self._on_invoice_paid,
            "payment.reversed": self._on_payment_reversed,
        }

    def get_audit_labels(self) -> Mapping[str, RecordLabels]:
        """Return the labels of the module's audited records."""
        return AUDIT_LABELS

    def get_permissions(self) -> Mapping[str, str]:
        """Return the module's permissions."""
        return {
            "notifications:read": "View messages to patients",
            "notifications:write": "Send messages to patients again",
            "templates:write": "Change what messages to patients say, and which are sent",
        }

    def get_navigation(self) -> Sequence[NavigationEntry]:
        """Return the navigation entry of the messages."""
        return (NavigationEntry("Messages", "notifications.index", "m", 50, count=calls_to_make, counted="to call"),)

    def get_settings_tabs(self) -> Sequence[SettingsTab]:
        """Return the tabs of the settings and of the texts of messages."""
        return (
            SettingsTab("Message templates", "notifications.templates", 80),
            SettingsTab("Messages", "notifications.settings", 90),
        )

    def get_merge_followers(self) -> Sequence[MergeFollower | KeptRows]:
        """Return the messages and calls to a patient; what waits is sent, except the welcome of the merged record."""
        return (MESSAGES, CALLS, LINKS)

    def get_timeline_sources(self) -> Sequence[TimelineSource]:
        """Return the messages to a patient."""
        return (SOURCE,)

    def get_panels(self, page: str, subject_id: UUID) -> Sequence[Panel]:
        """Return the messages to a patient or about an appointment, to those who may see them."""
        return pages.panels_of(page, subject_id) if current_actor().has_permission("notifications:read") else ()

    def get_periodic_jobs(self) -> Sequence[PeriodicJob]:
        """Return the planning of messages, the sending of what is due, and the clean-up of expired links."""
        return (
            PeriodicJob("plan notifications", plan_due, counted=False),
            PeriodicJob("send notifications", send_due, is_due=notification_queue.is_due_in_any_clinic),
            PeriodicJob("send test mails", send_due_tests, is_due=test_mail_queue.is_due_in_any_clinic),
            PeriodicJob("old links", delete_expired_links),
        )

    def _on_patient_created(self, data: dict[str, Any]) -> None:
        """Welcome a new patient."""
        with suppress(PatientMerged):  # the record was one too many: the patient has been welcomed
            patient = patient_service.get(data["patient_id"])
            notification_service.queue("welcome", patient, about=patient.id)

    def _on_appointment_scheduled(self, data: dict[str, Any]) -> None:
        """Confirm an appointment, and plan its reminders."""
        appointment_messages.confirm(appointment_service.get(data["appointment_id"]))
        _plan_visit(data)

    def _on_appointment_rescheduled(self, data: dict[str, Any]) -> None:
        """Notify the patient of another time, and plan the reminders of it."""
        appointment_messages.announce_move(appointment_service.get(data["appointment_id"]))
        _plan_visit(data)

    def _on_appointment_cancelled(self, data: dict[str, Any]) -> None:
        """Notify the patient of a cancelled appointment, and drop its reminders."""
        appointment_messages.announce_cancellation(appointment_service.get(data["appointment_id"]))
        _plan_visit(data)

    def _on_appointment_restored(self, data: dict[str, Any]) -> None:
        """Notify the patient, if they know of the cancellation, that the appointment takes place after all."""
        appointment_messages.announce_return(appointment_service.get(data["appointment_id"]))
        _plan_visit(data)

    def _on_appointment_arrived(self, data: dict[str, Any]) -> None:
        """Drop the reminders of a patient who is there."""
        _plan_visit(data)

    def _on_appointment_fulfilled(self, data: dict[str, Any]) -> None:
        """Drop the reminders of a visit that is over."""
        _plan_visit(data)

    def _on_appointment_missed(self, data: dict[str, Any]) -> None:
        """Write to a patient who did not come."""
        _plan_visit(data)

    def _on_invoice_issued(self, data: dict[str, Any]) -> None:
        """Plan the payment reminders of an invoice."""
        _plan_reminders_of_payment(data)

    def _on_invoice_credited(self, data: dict[str, Any]) -> None:
        """Drop the payment reminders of an invoice of which nothing is left to pay."""
        _plan_reminders_of_payment(data)

    def _on_payment_reversed(self, data: dict[str, Any]) -> None:
        """Plan the payment reminders of the invoices that are open again."""
        for allocation in billing_service.get_payment(data["payment_id"]).allocations:
            _plan_reminders_of_payment({"invoice_id": str(allocation.invoice_id)})

    def _on_invoice_paid(self, data: dict[str, Any]) -> None:
        """Send a receipt for an invoice that was paid, and drop its payment reminders."""
        _plan_reminders_of_payment(data)
        invoice = billing_service.get(data["invoice_id"])
        notification_service.queue("receipt", patient_service.get(invoice.patient_id), about=invoice.id)


def _plan_visit(data: dict[str, Any]) -> None:
    """Plan the reminders of an appointment; those that were due before the present event are too late."""
    event = current_event()
    plan_visit(UUID(data["appointment_id"]), since=event.occurred_at if event else now())


def _plan_reminders_of_payment(data: dict[str, Any]) -> None:
    """Plan the payment reminders of an invoice; those that were due before the present event are too late."""
    event = current_event()
    plan_payment_reminders(UUID(data["invoice_id"]), since=event.occurred_at if event else now())


module = NotificationsModule()
pages.blueprint.record_once(module.register)
pages.blueprint.cli = commands.group
