"""What patients say about coming: the part of AppointmentService that records it."""

from datetime import datetime
from uuid import UUID

from clinic.appointments.booking.changes import illegal
from clinic.appointments.booking.events import APPOINTMENT_CONFIRMED, publish
from clinic.appointments.booking.history import record_move
from clinic.appointments.booking.locks import lock_appointment
from clinic.appointments.models import Appointment
from clinic.appointments.rules import BOOKED, CONFIRMATION, PENDING, UNCONFIRMATION
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work

NOT_CONFIRMABLE = "it can't be confirmed"


class AppointmentConfirmation:
    """The patient's confirmation of an appointment: an attribute, not a state; a move to another time clears it."""

    def confirm(self, appointment_id: UUID, *, version: int | None = None) -> Appointment:
        """Record that the patient said that they come, and publish `appointment.confirmed`; once is enough.

        :raises AppointmentNotFound: if no record has that id
        :raises StaleVersion: if it has another version
        :raises IllegalTransition: if it has begun, is over or was cancelled
        """
        with unit_of_work():
            appointment = _lock_coming(appointment_id, version)
            if appointment.confirmed_at is None:
                _record(appointment, CONFIRMATION, now())
                publish(APPOINTMENT_CONFIRMED, appointment)
        return appointment

    def withdraw_confirmation(self, appointment_id: UUID, *, version: int | None = None) -> Appointment:
        """Record that the patient has not said whether they come.

        :raises AppointmentNotFound: if no record has that id
        :raises StaleVersion: if it has another version
        :raises IllegalTransition: if it has begun, is over or was cancelled
        """
        with unit_of_work():
            appointment = _lock_coming(appointment_id, version)
            if appointment.confirmed_at is not None:
                _record(appointment, UNCONFIRMATION, None)
        return appointment


def _lock_coming(appointment_id: UUID, version: int | None) -> Appointment:
    """Return the present state of an appointment to which the patient can still come, locked."""
    appointment = lock_appointment(appointment_id, version)
    if appointment.status not in {PENDING, BOOKED}:
        raise illegal(appointment, NOT_CONFIRMABLE)
    return appointment


def _record(appointment: Appointment, action: str, confirmed_at: datetime | None) -> None:
    appointment.confirmed_at = confirmed_at
    db.session.flush()
    record_move(appointment, action, appointment.status)
