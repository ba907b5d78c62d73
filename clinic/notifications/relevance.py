"""Whether a message is still true: checked when it is queued and before every attempt to send it."""

from clinic.appointments.service import Appointment, appointment_service
from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.mail.queue import NotToBeSent
from clinic.core.mail.senders import NotSent
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.models import Notification

PAST = "the appointment is in the past"
CANCELLED = "the appointment was cancelled"
NOT_CANCELLED = "the appointment is not cancelled any more"
CHANGED = "the appointment has been changed"
NOT_PAID = "the invoice is not paid any more"
WAITS = "the confirmation of this appointment is being sent"

_AHEAD = ("pending", "booked")
"""In these states an appointment is still to come."""


def check_relevance(notification: Notification) -> None:
    """Check that a claimed message is still true, against the record that it is about.

    :raises NotToBeSent: if it is not
    :raises NotSent: if it has to wait for an earlier message about the same record
    """
    if notification.kind == "confirmation":
        _check_confirmation(notification, appointment_service.get(notification.about_id))
    elif notification.kind == "cancellation":
        _check_cancellation(appointment_service.get(notification.about_id))
    elif notification.kind == "receipt" and billing_service.get(notification.about_id).status != "balanced":
        raise NotToBeSent(NOT_PAID)


def past_reason(appointment: Appointment) -> str | None:
    """Return why nothing is written to the patient about an appointment that has begun; None if it has not."""
    return PAST if appointment.starts_at <= now() else None


def _check_confirmation(notification: Notification, appointment: Appointment) -> None:
    if appointment.status == "cancelled":
        raise NotToBeSent(CANCELLED)
    if reason := past_reason(appointment):
        raise NotToBeSent(reason)
    if appointment.status not in _AHEAD or notification.about_version not in {0, appointment.version}:
        raise NotToBeSent(CHANGED)


def _check_cancellation(appointment: Appointment) -> None:
    if appointment.status != "cancelled":
        raise NotToBeSent(NOT_CANCELLED)
    if reason := past_reason(appointment):
        raise NotToBeSent(reason)
    if notification_queue.is_being_sent("confirmation", appointment.id):
        raise NotSent(WAITS)
