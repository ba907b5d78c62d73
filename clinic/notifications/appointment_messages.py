"""Messages to patients about appointments: each waits until nothing was done to its appointment for a little while.

So what is undone meanwhile is not sent, and of several changes the patient reads of the last one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.service import Appointment, appointment_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import SUPPRESSED, Notification
from clinic.notifications.relevance import past_reason
from clinic.notifications.service import notification_service
from clinic.notifications.settings import settings_service
from clinic.patients.service import patient_service

CONFIRMATION, CHANGE, CANCELLATION = "confirmation", "change", "cancellation"
UNDONE = "undone"
"""Why a message is suppressed whose cause was undone before it was sent."""


def confirm(appointment: Appointment) -> None:
    """Queue a confirmation."""
    _queue(CONFIRMATION, appointment)


def announce_move(appointment: Appointment) -> None:
    """Queue one message that the time has changed; an undone move takes back its message.

    A confirmation that has not been sent yet will show the new time: then it is the one message.
    """
    with unit_of_work():
        waiting = _hold(appointment.id)
        moves = [message for message in waiting if message.kind == CHANGE]
        if appointment_service.is_undone(appointment.id) and moves:
            _suppress(moves[-1:])
        elif not any(message.kind == CONFIRMATION for message in waiting):
            _queue(CHANGE, appointment)


def announce_cancellation(appointment: Appointment) -> None:
    """Queue a message about a cancellation; of a booking that is undone before it was confirmed nothing is sent."""
    with unit_of_work():
        confirmations = [message for message in _hold(appointment.id) if message.kind == CONFIRMATION]
        if appointment_service.is_undone(appointment.id) and confirmations:
            _suppress(confirmations)
        else:
            _queue(CANCELLATION, appointment)


def announce_return(appointment: Appointment) -> None:
    """Take back the message about a cancellation that is undone; confirm the appointment again if it was sent."""
    with unit_of_work():
        cancellations = [message for message in _hold(appointment.id) if message.kind == CANCELLATION]
        _suppress(cancellations)
        if not cancellations:
            _queue(CONFIRMATION, appointment)


def _queue(kind: str, appointment: Appointment) -> None:
    patient, reason = patient_service.get(appointment.patient_id), past_reason(appointment)
    notification_service.queue(kind, patient, about=appointment.id, suppressed=reason, due_at=_due_at())


def _due_at() -> datetime:
    return now() + settings_service.grace()


def _hold(about: UUID) -> Sequence[Notification]:
    """Let the queued messages about an appointment wait anew, and return them, the oldest first."""
    kinds = (CONFIRMATION, CHANGE, CANCELLATION)
    of_appointment = (Notification.about_id == about, Notification.kind.in_(kinds), Notification.state == QUEUED)
    wanted = select(Notification).where(*of_appointment).order_by(Notification.id).with_for_update()
    waiting = db.session.scalars(wanted.execution_options(populate_existing=True)).all()
    for message in waiting:
        message.due_at = _due_at()
    return waiting


def _suppress(messages: Sequence[Notification]) -> None:
    for message in messages:
        message.state, message.reason = SUPPRESSED, UNDONE
