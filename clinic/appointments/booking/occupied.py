"""The active appointments of a time, as the search for free times takes them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, union

from clinic.appointments.free_times.slot_types import Booking
from clinic.appointments.models import Appointment
from clinic.appointments.rules import ACTIVE, LONGEST
from clinic.core.db import db

LONGEST_BUFFER = timedelta(minutes=240)
_COLUMNS = (
    Appointment.id,
    Appointment.practitioner_id,
    Appointment.patient_id,
    Appointment.starts_at,
    Appointment.ends_at,
    Appointment.blocked_from,
    Appointment.blocked_until,
    Appointment.room_id,
    Appointment.place,
    Appointment.lane,
)
"""The columns of a `Booking`, in its order."""


def load_bookings(
    starts_at: datetime,
    ends_at: datetime,
    *,
    practitioner_ids: Collection[UUID],
    room_ids: Collection[UUID] = (),
    patient_id: UUID | None = None,
    patient_ids: Collection[UUID] = (),
) -> Sequence[Booking]:
    """Return in one query who and what is occupied in a span, buffers included."""
    wanted: list[ColumnElement[bool]] = [Appointment.practitioner_id.in_(practitioner_ids)]
    if room_ids:
        wanted.append(Appointment.room_id.in_(room_ids))
    if patient_id is not None:
        wanted.append(Appointment.patient_id == patient_id)
    if patient_ids:
        wanted.append(Appointment.patient_id.in_(patient_ids))
    conditions = during(starts_at, ends_at)
    found = db.session.execute(union(*(select(*_COLUMNS).where(one, *conditions) for one in wanted)))
    return [Booking._make(row) for row in found]


def has_ordinary(appointment_ids: Iterable[UUID]) -> bool:
    """Return whether some of these appointments are not overbooked."""
    ordinary = (Appointment.id.in_(list(appointment_ids)), Appointment.overbook_reason.is_(None))
    return db.session.scalar(select(select(Appointment.id).where(*ordinary).exists())) is True


def during(starts_at: datetime, ends_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of occupying a span; those on the start are wider, and let the indexes find the rows."""
    return (
        Appointment.starts_at > starts_at - LONGEST - LONGEST_BUFFER,
        Appointment.starts_at < ends_at + LONGEST_BUFFER,
        Appointment.blocked_from < ends_at,
        Appointment.blocked_until > starts_at,
        Appointment.status.in_(ACTIVE),
    )
