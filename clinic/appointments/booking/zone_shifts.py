"""Appointments at their local time in another zone, and which of them would overlap there; no database."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.appointments.free_times.span_index import SpanIndex
from clinic.appointments.models import Appointment
from clinic.core.clock import NonexistentTime, at_wall_time, is_ambiguous, wall_time

BEGINS_IN_THE_PAST = "It has begun already then"

_TURNS = ("first", "second")

_Key = Callable[[Appointment], Hashable | None]
_Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Shift:
    """An appointment with its start in another zone, and what is to be known of it; if it `blocks`, it can't be so."""

    appointment: Appointment
    starts_at: datetime
    note: str | None = None
    blocks: bool = False

    @property
    def by(self) -> timedelta:
        """How much later it is than before."""
        return self.starts_at - self.appointment.starts_at


def shift_to(zone: str, appointment: Appointment, present: datetime, *, former_fold: int = 0) -> Shift:
    """Return an appointment at its local time in another zone; if the clocks skip that there, beside it.

    Of a time that comes twice there it has the first one, unless it has the second one now, or had it (a `former_fold`
    of 1) in the last zone in which it came twice.
    """
    wall = appointment.wall_start
    fold = fold_of(appointment.starts_at, appointment.zone) if comes_twice(appointment) else former_fold
    try:
        starts_at = at_wall_time(wall, zone, fold=fold)
    except NonexistentTime as error:
        beside = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return Shift(appointment, beside, error.message, blocks=appointment.is_active)
    if is_ambiguous(wall, zone):
        return Shift(appointment, starts_at, f"{wall:%H:%M} comes twice on that day: it is the {_TURNS[fold]} one")
    return Shift(appointment, starts_at, BEGINS_IN_THE_PAST if starts_at <= present else None)


def comes_twice(appointment: Appointment) -> bool:
    """Return whether the clocks show the local time of an appointment twice in its zone."""
    return is_ambiguous(appointment.wall_start, appointment.zone)


def fold_of(at: datetime, zone: str) -> int:
    """Return 1 for the second time that the clocks of a zone show the same, else 0."""
    return at.astimezone(ZoneInfo(zone)).fold


def find_overlaps(shifts: Sequence[Shift], staying: Sequence[Appointment], zone: str) -> Mapping[UUID, str]:
    """Return with what each appointment would overlap that did not before: `Overlaps 09:30 with the same practitioner`.

    All are active; those that stay have begun.
    """
    found: dict[UUID, str] = {}
    placed = [*shifts, *(Shift(one, one.starts_at) for one in staying)]
    for key_of, is_blocked, text in _SHARED:
        for shift, other in _new_overlaps(placed, key_of, is_blocked):
            found.setdefault(shift.appointment.id, f"Overlaps {wall_time(other.starts_at, zone):%H:%M} {text}")
    return {one.appointment.id: found[one.appointment.id] for one in shifts if one.appointment.id in found}


def _new_overlaps(placed: Sequence[Shift], key_of: _Key, is_blocked: bool) -> Iterator[tuple[Shift, Shift]]:
    """Return the pairs with the same key that overlap now and did not before, each in both orders."""
    groups: dict[Hashable, list[Shift]] = defaultdict(list)
    for one in placed:
        if (key := key_of(one.appointment)) is not None:
            groups[key].append(one)
    for group in groups.values():
        index = SpanIndex((*_span(one, is_blocked, one.by), one) for one in group)
        for one in group:
            for other in index.during(*_span(one, is_blocked, one.by)):
                if other is not one and not _overlap(_span(one, is_blocked), _span(other, is_blocked)):
                    yield one, other


def _span(shift: Shift, is_blocked: bool, by: timedelta = timedelta(0)) -> _Span:
    """Return when an appointment is, with its buffers or without, some time later."""
    one = shift.appointment
    first, last = (one.blocked_from, one.blocked_until) if is_blocked else (one.starts_at, one.ends_at)
    return first + by, last + by


def _overlap(one: _Span, other: _Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _practitioner(appointment: Appointment) -> Hashable:
    return appointment.practitioner_id


def _place(appointment: Appointment) -> Hashable | None:
    return appointment.room_id and (appointment.room_id, appointment.place)


def _patient(appointment: Appointment) -> Hashable:
    return appointment.patient_id


_SHARED: Sequence[tuple[_Key, bool, str]] = (
    (_practitioner, True, "with the same practitioner"),
    (_place, True, "in the same room"),
    (_patient, False, "of the same patient"),
)
"""What two appointments must not share at a time, whether buffers count, and how that is called."""
