"""Messages to patients about appointments: each waits a little, so that what is undone meanwhile is not sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from clinic.appointments.service import Appointment, appointment_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import SUPPRESSED, Notification
from clinic.notifications.relevance import past_reason
from clinic.notifications.service import notification_service
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
        waiting = _waiting(appointment.id, CONFIRMATION, CHANGE)
        moves = [message for message in waiting if message.kind == CHANGE]
        if appointment_service.is_undone(appointment.id) and moves:
            _suppress(moves[-1:])
            return
        for message in waiting:
            message.due_at = _due_at()
        if len(moves) == len(waiting):
            _queue(CHANGE, appointment)


def announce_cancellation(appointment: Appointment) -> None:
    """Queue a message about a cancellation; of a booking that is undone before it was confirmed nothing is sent."""
    with unit_of_work():
        undone = _waiting(appointment.id, CONFIRMATION) if appointment_service.is_undone(appointment.id) else []
        _suppress(undone)
        if not undone:
            _queue(CANCELLATION, appointment)


def announce_return(appointment: Appointment) -> None:
    """Take back the message about a cancellation that is undone; confirm the appointment again if it was sent."""
    with unit_of_work():
        waiting = _waiting(appointment.id, CANCELLATION)
        _suppress(waiting)
        if not waiting:
            _queue(CONFIRMATION, appointment)


def _queue(kind: str, appointment: Appointment) -> None:
    patient, reason = patient_service.get(appointment.patient_id), past_reason(appointment)
    notification_service.queue(kind, patient, about=appointment.id, suppressed=reason, due_at=_due_at())


def _due_at() -> datetime:
    return now() + timedelta(seconds=current_app.config["MESSAGE_DELAY_SECONDS"])


def _waiting(about: UUID, *kinds: str) -> Sequence[Notification]:
    """Return the queued messages of some kinds about an appointment, locked, the oldest first."""
    of_appointment = (Notification.about_id == about, Notification.kind.in_(kinds), Notification.state == QUEUED)
    wanted = select(Notification).where(*of_appointment).order_by(Notification.id).with_for_update()
    return db.session.scalars(wanted.execution_options(populate_existing=True)).all()


def _suppress(messages: Sequence[Notification]) -> None:
    for message in messages:
        message.state, message.reason = SUPPRESSED, UNDONE
