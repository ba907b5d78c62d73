"""Reading of appointments: the part of AppointmentService that changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.booking.history import last_move, list_moves
from clinic.appointments.booking.locks import find_appointment
from clinic.appointments.booking.visits import PatientVisits, count_and_last, last_and_next, upcoming, visits_of
from clinic.appointments.models import Appointment, AppointmentHistory
from clinic.appointments.resources.upcoming import MOST_LISTED, Upcoming, upcoming_by
from clinic.appointments.rules import UNDO
from clinic.core.clock import day_bounds, now
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.identity.clinics import clinic_service


class AppointmentQueries:
    """The appointments of the current clinic, as they are."""

    def get(self, appointment_id: UUID | str) -> Appointment:
        """Return an appointment of the current clinic.

        :raises AppointmentNotFound: if no record has that id
        """
        wanted = UUID(appointment_id) if isinstance(appointment_id, str) else appointment_id
        return find_appointment(wanted)

    def get_many(self, appointment_ids: Collection[UUID]) -> Mapping[UUID, Appointment]:
        """Return the appointments of these ids, in one query."""
        found = db.session.scalars(select(Appointment).where(Appointment.id.in_(set(appointment_ids))))
        return {appointment.id: appointment for appointment in found}

    def history(self, appointment_id: UUID) -> Sequence[AppointmentHistory]:
        """Return the moves of an appointment, the oldest first; one that was booked by an old version has none of then.

        :raises AppointmentNotFound: if no record has that id
        """
        return list_moves(self.get(appointment_id).id)

    def last_move(self, appointment_id: UUID) -> AppointmentHistory | None:
        """Return the last move of an appointment by somebody, None if none was recorded."""
        return last_move(appointment_id)

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

    def visits_of(self, patient_id: UUID, *, past: int) -> PatientVisits:
        """Return a patient's upcoming appointments and the last `past` ones that are over, in one query."""
        return visits_of(patient_id, past)

    def last_and_next(self, patient_ids: Collection[UUID]) -> Mapping[UUID, tuple[datetime | None, datetime | None]]:
        """Return when each of some patients came the last time, and comes next, in one query."""
        return last_and_next(patient_ids)

    def count_and_last(self, patient_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, datetime]]:
        """Return how often each of some patients has come, and when the last time, in one query; nothing of others."""
        return count_and_last(patient_ids)

    def upcoming_of(self, patient_id: UUID) -> Sequence[Appointment]:
        """Return a patient's upcoming active appointments."""
        return db.session.scalars(upcoming(patient_id, now())).all()

    def still_booked(self, patient_id: UUID) -> Upcoming:
        """Return the upcoming appointments of a patient that are not over."""
        return upcoming_by(Appointment.patient_id, patient_id, limit=MOST_LISTED)
