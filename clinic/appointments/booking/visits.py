"""The appointments of one patient: those to come, and those that are over."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, and_, func, or_, select

from clinic.appointments.models import Appointment, AppointmentHistory, Practitioner, Room, Service
from clinic.appointments.rules import (
    ACTIVE,
    ARRIVED,
    BOOKED,
    CHECKED_IN,
    ENTERED_IN_ERROR,
    FULFILLED,
    LONGEST,
    NOT_MOVES,
    PENDING,
    UNDO,
)
from clinic.core.clock import now
from clinic.core.db import db

MOST_LISTED = 10
SEEN = (ARRIVED, CHECKED_IN, FULFILLED)
"""States of an appointment to which the patient came."""

TO_COME = (PENDING, BOOKED, ARRIVED)


@dataclass(frozen=True)
class NamedAppointment:
    """An appointment with the names of its practitioner, service and room, and when it got into its state, if known."""

    appointment: Appointment
    practitioner: str
    service: str | None
    room: str | None
    since: datetime | None


@dataclass(frozen=True)
class PatientVisits:
    """A patient's upcoming appointments, the last ones that are over, latest first, and the number of all of these."""

    upcoming: Sequence[NamedAppointment]
    past: Sequence[NamedAppointment]
    past_count: int


def upcoming(patient_id: UUID, at: datetime) -> Select[Appointment]:
    """Select a patient's active appointments that are not over."""
    of_patient = (Appointment.patient_id == patient_id, Appointment.status.in_(ACTIVE))
    to_come = (Appointment.starts_at >= at - LONGEST, Appointment.ends_at >= at)  # the index has the start
    return select(Appointment).where(*of_patient, *to_come).order_by(Appointment.starts_at).limit(MOST_LISTED)


def visits_of(patient_id: UUID, past: int) -> PatientVisits:
    """Return a patient's upcoming appointments and the last `past` ones that are over, in one query."""
    at = now()
    coming = upcoming(patient_id, at).with_only_columns(Appointment.id).subquery()
    over = _over(patient_id, at)
    latest = over.order_by(Appointment.starts_at.desc(), Appointment.id.desc()).limit(past).subquery()
    count = select(func.count()).select_from(over.subquery()).scalar_subquery()
    wanted = (
        select(Appointment, Practitioner.name, Service.name, Room.name, _since(), count)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(or_(Appointment.id.in_(select(coming.c.id)), Appointment.id.in_(select(latest.c.id))))
        .order_by(Appointment.starts_at, Appointment.id)
    )
    rows = db.session.execute(wanted).all()
    named = [NamedAppointment(*row[:5]) for row in rows]
    return PatientVisits(
        [one for one in named if one.appointment.ends_at >= at],
        [one for one in reversed(named) if one.appointment.ends_at < at],
        rows[0][5] if rows else 0,
    )


def patients_seen_since(at: datetime) -> Select[UUID]:
    """Select the ids of the patients who came to a visit since an instant."""
    in_time = (Appointment.starts_at >= at, Appointment.starts_at <= now())
    return select(Appointment.patient_id).where(Appointment.status.in_(SEEN), *in_time)


def last_and_next(patient_ids: Collection[UUID]) -> Mapping[UUID, tuple[datetime | None, datetime | None]]:
    """Return when each of some patients came the last time, and comes next, in one query."""
    at = now()
    last = func.max(Appointment.starts_at).filter(Appointment.status.in_(SEEN), Appointment.starts_at <= at)
    coming = func.min(Appointment.starts_at).filter(Appointment.status.in_(TO_COME), Appointment.starts_at > at)
    wanted = select(Appointment.patient_id, last, coming).where(Appointment.patient_id.in_(patient_ids))
    return {row[0]: (row[1], row[2]) for row in db.session.execute(wanted.group_by(Appointment.patient_id))}


def count_and_last(patient_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, datetime]]:
    """Return how often each of some patients has come, and when the last time, in one query; nothing of the others."""
    came = (Appointment.status.in_(SEEN), Appointment.starts_at <= now(), Appointment.patient_id.in_(patient_ids))
    wanted = select(Appointment.patient_id, func.count(), func.max(Appointment.starts_at)).where(*came)
    return {row[0]: (row[1], row[2]) for row in db.session.execute(wanted.group_by(Appointment.patient_id))}


def _since() -> ScalarSelect[datetime]:
    """Select when an appointment got into its present state by a move that was not undone."""
    moves = select(AppointmentHistory.happened_at).where(
        AppointmentHistory.appointment_id == Appointment.id,
        AppointmentHistory.to_status == Appointment.status,
        AppointmentHistory.action.not_in((UNDO, *NOT_MOVES)),
    )
    return moves.order_by(AppointmentHistory.id.desc()).limit(1).scalar_subquery()


def _over(patient_id: UUID, at: datetime) -> Select[UUID]:
    """Select the ids of a patient's appointments that are over, in whatever state they ended."""
    over = and_(Appointment.starts_at < at, Appointment.ends_at < at)  # the index has the start
    return select(Appointment.id).where(
        Appointment.patient_id == patient_id, Appointment.status != ENTERED_IN_ERROR, over
    )
