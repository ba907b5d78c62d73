"""Calls to patients whom no message reached, and their results."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.service import Appointment, appointment_service
from clinic.core.clock import day_bounds, now, today
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED, SENT
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.attempts import record_decision
from clinic.notifications.call_list import AHEAD, PHONE, ToCall, count_to_call, to_call
from clinic.notifications.errors import NotACall
from clinic.notifications.models import NO_ANSWER, RESULT_LABELS, WILL_COME, Call, Notification


class CallService:
    """The calls of the current clinic's desk."""

    def list(self) -> Sequence[ToCall]:
        """Return the calls to be made, the earliest visit first."""
        return to_call()

    def count(self) -> int:
        """Return how many calls are to be made."""
        return count_to_call()

    def made_today(self) -> Sequence[Call]:
        """Return the calls that were made on this day, the latest first."""
        zone = clinic_service.current().zone
        since = day_bounds(today(zone), zone)[0]
        wanted = select(Call).where(Call.made_at >= since).order_by(Call.made_at.desc(), Call.id.desc())
        return db.session.scalars(wanted.limit(20)).all()

    def record(self, appointment_id: UUID, *, result: str, note: str | None = None) -> Call:
        """Record the result of a call about an appointment to come; who will come has confirmed it.

        :raises AppointmentNotFound: if no record has that id
        :raises NotACall: if the visit has begun, is over or was cancelled
        """
        with unit_of_work():
            appointment = appointment_service.get(appointment_id)
            if appointment.status not in AHEAD or appointment.starts_at <= now():
                raise NotACall
            if result == WILL_COME:
                appointment_service.confirm(appointment.id)
            call = Call(
                patient_id=appointment.patient_id,
                appointment_id=appointment.id,
                result=result,
                note=note,
                made_by=current_actor().actor,
            )
            db.session.add(call)
            db.session.flush()
            if result != NO_ANSWER:
                _close_tasks(appointment, RESULT_LABELS[result], now())
        return call


call_service = CallService()


def _close_tasks(appointment: Appointment, answer: str, at: datetime) -> None:
    """Record that the calls were made that wait as messages about an appointment."""
    tasks = (Notification.about_id == appointment.id, Notification.channel == PHONE, Notification.state == QUEUED)
    for message in db.session.scalars(select(Notification).where(*tasks).with_for_update()):
        message.state, message.reason, message.sent_at = SENT, None, at
        record_decision(message.id, SENT, answer)
