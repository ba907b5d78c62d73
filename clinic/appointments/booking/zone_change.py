"""Appointments when the clinic's time zone changes: those to come keep their local time, so that their instants move.

Those that have begun keep their instants. The others are as long as before, with their room and lane, in whatever state
they are. One at a time that the clocks skip there, or that would overlap another one, is in the way of the change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.booking.history import record_zone_change
from clinic.appointments.booking.moves import guarded_unit_of_work
from clinic.appointments.booking.occupied import during
from clinic.appointments.booking.zone_shifts import Shift, comes_twice, find_overlaps, fold_of, shift_to
from clinic.appointments.models import Appointment, AppointmentHistory
from clinic.appointments.rules import LONGEST, ZONE_CHANGE
from clinic.core.bulk_update import set_aside, update_rows
from clinic.core.clock import is_ambiguous, now, wall_time
from clinic.core.db import db
from clinic.core.zone_change import ZoneNotice, ZonePreview

_TIMES = ("starts_at", "ends_at", "blocked_from", "blocked_until")
_FAR_AWAY = timedelta(days=365_250)
"""How far appointments are set aside while the others move: where none is."""


@dataclass(frozen=True)
class UpcomingPreview(ZonePreview):
    """What becomes of the appointments to come in another zone: of all, as not only active ones have a local time."""

    zone: str
    shifts: Sequence[Shift]

    @property
    def active(self) -> Sequence[Shift]:
        """Those that occupy their time: first the ones in the way, then others with a note, then the rest."""
        active = (shift for shift in self.shifts if shift.appointment.is_active)
        return sorted(active, key=lambda shift: (not shift.blocks, shift.note is None))


def preview_zone(zone: str) -> UpcomingPreview:
    """Return what becomes of the appointments to come if the clinic moves to another time zone."""
    present = now()
    upcoming = select(Appointment).where(Appointment.starts_at > present)
    ordered = upcoming.order_by(Appointment.starts_at, Appointment.id)
    booked = db.session.scalars(ordered.execution_options(populate_existing=True)).all()
    folds = _former_folds(one for one in booked if is_ambiguous(one.wall_start, zone) and not comes_twice(one))
    placed = [shift_to(zone, one, present, former_fold=folds.get(one.id, 0)) for one in booked]
    shifts = _with_overlaps(placed, zone, present)
    active = [shift for shift in shifts if shift.appointment.is_active]
    notices = [_notice(shift) for shift in active if shift.note]
    return UpcomingPreview(_text(active), notices, "appointments:read", zone, shifts)


def follow_zone(preview: UpcomingPreview) -> None:
    """Store the times of a preview that was made in this unit of work, with the practitioners locked.

    The guards of the database compare each row with the others as they are at that moment, so those that move are set
    aside first. Nobody is notified: a patient comes at the same local time.
    """
    with guarded_unit_of_work():
        record_zone_change([shift.appointment for shift in preview.shifts])
        set_aside([(shift.appointment, _times(shift.appointment, _FAR_AWAY)) for shift in preview.shifts if shift.by])
        update_rows([(shift.appointment, _columns(shift, preview.zone)) for shift in preview.shifts])
        db.session.flush()


def _former_folds(appointments: Iterable[Appointment]) -> Mapping[UUID, int]:
    """Return which of two equal local times appointments had in the last zone in which theirs came twice."""
    walls = {one.id: one.wall_start for one in appointments}
    if not walls:
        return {}
    changes = (AppointmentHistory.appointment_id.in_(walls), AppointmentHistory.action == ZONE_CHANGE)
    folds: dict[UUID, int] = {}
    for move in db.session.scalars(select(AppointmentHistory).where(*changes).order_by(AppointmentHistory.id)):
        before = move.before or {}
        at, zone, wall = datetime.fromisoformat(before["starts_at"]), before["zone"], walls[move.appointment_id]
        if wall_time(at, zone) == wall and is_ambiguous(wall, zone):
            folds[move.appointment_id] = fold_of(at, zone)
    return folds


def _with_overlaps(shifts: Sequence[Shift], zone: str, present: datetime) -> Sequence[Shift]:
    """Return the shifts with the active ones that would overlap another one, also one that has begun, in the way."""
    active = [shift for shift in shifts if shift.appointment.is_active]
    if not active:
        return shifts
    earliest = min(shift.appointment.blocked_from + shift.by for shift in active)
    begun = (Appointment.starts_at <= present, *during(earliest, present + LONGEST))
    overlaps = find_overlaps(active, db.session.scalars(select(Appointment).where(*begun)).all(), zone)
    return [
        replace(one, note=overlaps[one.appointment.id], blocks=True) if one.appointment.id in overlaps else one
        for one in shifts
    ]


def _columns(shift: Shift, zone: str) -> dict[str, Any]:
    """Return what changes of an appointment."""
    return {**_times(shift.appointment, shift.by), "wall_start": wall_time(shift.starts_at, zone), "zone": zone}


def _times(appointment: Appointment, by: timedelta) -> dict[str, datetime]:
    """Return the instants of an appointment some time later."""
    return {name: getattr(appointment, name) + by for name in _TIMES}


def _notice(shift: Shift) -> ZoneNotice:
    one = shift.appointment
    return ZoneNotice("appointments", one.id, f"{one.wall_start:%Y-%m-%d %H:%M}: {shift.note}", shift.blocks)


def _text(active: Sequence[Shift]) -> str:
    if not active:
        return "No upcoming appointments"
    many = f"{len(active)} upcoming appointments keep their local time"
    text = many if len(active) > 1 else "1 upcoming appointment keeps its local time"
    blocking = sum(shift.blocks for shift in active)
    return f"{text}; {blocking} must be moved or cancelled first" if blocking else text
