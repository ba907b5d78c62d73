"""The active appointments of a time, as the search for free times takes them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, bindparam, select, union

from clinic.appointments.free_times.slot_types import Booking
from clinic.appointments.models import Appointment
from clinic.appointments.rules import ACTIVE, LONGEST
from clinic.core.db import db
from clinic.core.db.orm_session import prepared

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


def _bounds(starts_at: datetime, ends_at: datetime) -> dict[str, datetime]:
    """Return the parameters of the conditions of occupying a span."""
    return {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "first_start": starts_at - LONGEST - LONGEST_BUFFER,
        "last_start": ends_at + LONGEST_BUFFER,
    }


def _conditions(starts_at: Any, ends_at: Any, first_start: Any, last_start: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of occupying a span; those on the start are wider, and let the indexes find the rows."""
    return (
        Appointment.starts_at > first_start,
        Appointment.starts_at < last_start,
        Appointment.blocked_from < ends_at,
        Appointment.blocked_until > starts_at,
        Appointment.status.in_(ACTIVE),
    )


def _selecting(whose: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    names = ("starts_at", "ends_at", "first_start", "last_start")
    return select(*_COLUMNS).where(whose, *_conditions(**{name: bindparam(name) for name in names}))


_OF_PRACTITIONERS = _selecting(Appointment.practitioner_id.in_(bindparam("practitioner_ids", expanding=True)))
_OF_ROOMS = _selecting(Appointment.room_id.in_(bindparam("room_ids", expanding=True)))
_OF_PATIENTS = _selecting(Appointment.patient_id.in_(bindparam("patient_ids", expanding=True)))
"""The statements are built once: that takes as long as executing them."""


@cache
def _occupied(*, with_rooms: bool, with_patients: bool) -> CompoundSelect[*tuple[Any, ...]]:
    further = [_OF_ROOMS] * with_rooms + [_OF_PATIENTS] * with_patients
    return prepared(union(_OF_PRACTITIONERS, *further))


def load_bookings(
    starts_at: datetime,
    ends_at: datetime,
    *,
    practitioner_ids: Collection[UUID],
    room_ids: Collection[UUID] = (),
    patient_ids: Collection[UUID] = (),
) -> Sequence[Booking]:
    """Return in one query who and what is occupied in a span, buffers included."""
    wanted = _occupied(with_rooms=bool(room_ids), with_patients=bool(patient_ids))
    whose = {"practitioner_ids": practitioner_ids, "room_ids": room_ids, "patient_ids": patient_ids}
    found = db.session.execute(wanted, {**whose, **_bounds(starts_at, ends_at)})
    return [Booking._make(row) for row in found]


def has_ordinary(appointment_ids: Iterable[UUID]) -> bool:
    """Return whether some of these appointments are not overbooked."""
    ordinary = (Appointment.id.in_(list(appointment_ids)), Appointment.overbook_reason.is_(None))
    return db.session.scalar(select(select(Appointment.id).where(*ordinary).exists())) is True


def during(starts_at: datetime, ends_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of occupying a span."""
    return _conditions(**_bounds(starts_at, ends_at))
