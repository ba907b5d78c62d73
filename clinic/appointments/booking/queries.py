"""Reading of appointments: the part of AppointmentService that changes nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.booking.history import last_move, list_moves
from clinic.appointments.booking.locks import find_appointment
from clinic.appointments.models import Appointment, AppointmentHistory
from clinic.appointments.rules import ACTIVE, ENTERED_IN_ERROR, LONGEST, UNDO
from clinic.core.clock import day_bounds, now
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.identity.clinics import clinic_service

MOST_LISTED = 10


class AppointmentQueries:
    """The appointments of the current clinic, as they are."""

    def get(self, appointment_id: UUID | str) -> Appointment:
        """Return an appointment of the current clinic.

        :raises AppointmentNotFound: if no record has that id
        """
        wanted = UUID(appointment_id) if isinstance(appointment_id, str) else appointment_id
        return find_appointment(wanted)

    def history(self, appointment_id: UUID) -> Sequence[AppointmentHistory]:
        """Return the moves of an appointment, the oldest first; one that was booked by an old version has none of then.

        :raises AppointmentNotFound: if no record has that id
        """
        return list_moves(self.get(appointment_id).id)

    def is_undone(self, appointment_id: UUID) -> bool:
        """Return whether the last move of an appointment took back the one before."""
        move = last_move(appointment_id)
        return move is not None and move.action == UNDO

    def list(
        self,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        patient_id: UUID | None = None,
        practitioner_id: UUID | None = None,
        room_id: UUID | None = None,
        service_id: UUID | None = None,
        status: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
        after: tuple[datetime, UUID] | None = None,
    ) -> Page[Appointment]:
        """Return appointments, ordered by their start, with the given filters."""
        wanted = select(Appointment)
        if since is not None:
            wanted = wanted.where(Appointment.starts_at >= since)
        if before is not None:
            wanted = wanted.where(Appointment.starts_at < before)
        if status:
            wanted = wanted.where(Appointment.status.in_(status))
        ids = {
            Appointment.patient_id: patient_id,
            Appointment.practitioner_id: practitioner_id,
            Appointment.room_id: room_id,
            Appointment.service_id: service_id,
        }
        wanted = wanted.where(*(column == one for column, one in ids.items() if one is not None))
        return paginate(wanted, [Appointment.starts_at, Appointment.id], limit=limit, after=after)

    def day(self, day: date) -> Sequence[Appointment]:
        """Return all appointments that start on a day in the clinic's time zone."""
        first, last = day_bounds(day, clinic_service.current().zone)
        on_day = (Appointment.starts_at >= first, Appointment.starts_at < last)
        return db.session.scalars(
            select(Appointment).where(*on_day).order_by(Appointment.starts_at, Appointment.id)
        ).all()

    def past_of(self, patient_id: UUID) -> Sequence[Appointment]:
        """Return a patient's last appointments that are over, the latest first, in whatever state they ended."""
        at = now()
        wanted = (
            select(Appointment)
            .where(
                Appointment.patient_id == patient_id,
                Appointment.status != ENTERED_IN_ERROR,
                Appointment.starts_at < at,  # the index has the start
                Appointment.ends_at < at,
            )
            .order_by(Appointment.starts_at.desc(), Appointment.id.desc())
            .limit(MOST_LISTED)
        )
        return db.session.scalars(wanted).all()

    def upcoming_of(self, patient_id: UUID) -> Sequence[Appointment]:
        """Return a patient's upcoming active appointments."""
        at = now()
        wanted = (
            select(Appointment)
            .where(
                Appointment.patient_id == patient_id,
                Appointment.status.in_(ACTIVE),
                Appointment.starts_at >= at - LONGEST,  # the index has the start
                Appointment.ends_at >= at,
            )
            .order_by(Appointment.starts_at)
            .limit(MOST_LISTED)
        )
        return db.session.scalars(wanted).all()
