"""Lanes of overbooked appointments: when one in lane 0 leaves, the one beside it takes its lane."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from clinic.appointments.booking.occupied import during
from clinic.appointments.models import Appointment
from clinic.core.db import db


@dataclass(frozen=True, slots=True)
class Position:
    """What an appointment occupies."""

    practitioner_id: UUID
    room_id: UUID | None
    place: int | None
    lane: int
    blocked_from: datetime
    blocked_until: datetime

    @classmethod
    def of(cls, appointment: Appointment) -> "Position":
        """Return what an appointment occupies now."""
        return cls(**{name: getattr(appointment, name) for name in cls.__slots__})


def promote_beside(left: Position) -> None:
    """Move those beside an appointment that has left to lane 0, the lowest lanes first, as far as they are free there.

    The caller holds the locks of what the appointment occupied.
    """
    if left.lane:
        return
    wanted = select(Appointment).where(_shares(left), Appointment.lane > 0).order_by(Appointment.lane, Appointment.id)
    locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    for appointment in db.session.scalars(locked).all():
        if _is_free_in_lane_0(Position.of(appointment), appointment.id):
            appointment.lane = 0
            db.session.flush()


def _is_free_in_lane_0(position: Position, own_id: UUID) -> bool:
    there = (_shares(position), Appointment.lane == 0, Appointment.id != own_id)
    return db.session.scalar(select(select(Appointment.id).where(*there).exists())) is not True


def _shares(position: Position) -> ColumnElement[bool]:
    """Return the condition of an active appointment that overlaps for its practitioner or in its place."""
    in_place = and_(Appointment.room_id == position.room_id, Appointment.place == position.place)
    same = or_(Appointment.practitioner_id == position.practitioner_id, in_place)
    return and_(same, *during(position.blocked_from, position.blocked_until))
