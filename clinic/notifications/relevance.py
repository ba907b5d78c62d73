"""Whether a message is still true: checked when it is queued, before every attempt to send it, and at its hand-over."""

from uuid import UUID

from sqlalchemy import select

from clinic.appointments.service import Appointment, appointment_service
from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED, NotToBeSent
from clinic.core.mail.senders import NotSent
from clinic.notifications.models import SENDING, Notification
from clinic.patients.service import consent_service, patient_service, topic_label

NO_ADDRESS = "the patient has no email address any more"
PAST = "the appointment is in the past"
CANCELLED = "the appointment was cancelled"
NOT_CANCELLED = "the appointment is not cancelled any more"
CHANGED = "the appointment has been changed"
NOT_PAID = "the invoice is not paid any more"
WAITS = "the confirmation of this appointment is being sent"

PURPOSES = dict.fromkeys(("welcome", "confirmation", "change", "cancellation", "receipt"), "care")
"""The purpose of each kind of message: consent to that purpose allows the message."""

_ANSWERS = {"no": "refused", "withdrawn": "withdrawn", "not-asked": "not asked"}

_AHEAD = ("pending", "booked")
"""In these states an appointment is still to come."""

_CANCELLED = ("cancelled", "entered-in-error")
"""In these states it does not take place; the second is that of a booking that was undone."""


def check_relevance(notification: Notification) -> None:
    """Check that a claimed message is wanted and still true, against the record that it is about.

    :raises NotToBeSent: if it is not
    :raises NotSent: if it has to wait for an earlier message about the same record
    """
    if not patient_service.get(notification.patient_id).email:
        raise NotToBeSent(NO_ADDRESS)
    if reason := consent_reason(notification.patient_id, notification.kind, notification.channel):
        raise NotToBeSent(reason)
    if notification.kind == "confirmation":
        _check_ahead(appointment_service.get(notification.about_id))
    elif notification.kind == "change":
        _check_change(notification, appointment_service.get(notification.about_id))
    elif notification.kind == "cancellation":
        _check_cancellation(appointment_service.get(notification.about_id))
    elif notification.kind == "receipt" and billing_service.get(notification.about_id).status != "balanced":
        raise NotToBeSent(NOT_PAID)


def consent_reason(patient_id: UUID, kind: str, channel: str) -> str | None:
    """Return why the patient's consent forbids a message of a kind by a channel; None if it allows it."""
    purpose = PURPOSES[kind]
    found = consent_service.state(patient_id, purpose, channel)
    return None if found.allowed else f"no consent to {topic_label((purpose, channel))}: {_ANSWERS[found.state]}"


def past_reason(appointment: Appointment) -> str | None:
    """Return why nothing is written to the patient about an appointment that has begun; None if it has not."""
    return PAST if appointment.starts_at <= now() else None


def _check_ahead(appointment: Appointment) -> None:
    """Check that an appointment is still to come; messages show its present time."""
    if appointment.status in _CANCELLED:
        raise NotToBeSent(CANCELLED)
    if reason := past_reason(appointment):
        raise NotToBeSent(reason)
    if appointment.status not in _AHEAD:
        raise NotToBeSent(CHANGED)


def _check_change(notification: Notification, appointment: Appointment) -> None:
    """Check that a move is still to be announced, and not by the message about a later move."""
    _check_ahead(appointment)
    later = select(Notification.id).where(
        Notification.about_id == appointment.id,
        Notification.kind == "change",
        Notification.state == QUEUED,
        Notification.id > notification.id,
    )
    if db.session.scalar(select(later.exists())):
        raise NotToBeSent(CHANGED)
    if _is_being_sent("confirmation", appointment.id):
        raise NotSent(WAITS)


def _check_cancellation(appointment: Appointment) -> None:
    if appointment.status not in _CANCELLED:
        raise NotToBeSent(NOT_CANCELLED)
    if reason := past_reason(appointment):
        raise NotToBeSent(reason)
    if _is_being_sent("confirmation", appointment.id):
        raise NotSent(WAITS)


def _is_being_sent(kind: str, about: UUID) -> bool:
    """Return whether a worker is sending a message of a kind about a record; one whose lease has ended is not."""
    sending = select(Notification.id).where(
        Notification.kind == kind,
        Notification.about_id == about,
        Notification.state == SENDING,
        Notification.leased_until > now(),
    )
    return db.session.scalar(select(sending.exists())) is True
