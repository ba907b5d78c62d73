"""Whether a visit can start at a time with a practitioner, and if it can't the reason."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.slot_types import Booking, Reason, Refused, Room, Slot, Visit
from clinic.appointments.free_times.span_index import SpanIndex
from clinic.appointments.free_times.working_time import (
    ClinicHours,
    DayPart,
    PractitionerHours,
    Span,
    room_closures,
    timetable,
)

_Bookings = SpanIndex[Booking]
_Refusal = tuple[Reason, UUID | None]
_Place = tuple[UUID | None, int | None]

_OFF_WORK = {
    "closed": Reason.CLOSED,
    "leave": Reason.LEAVE,
    "off": Reason.OUTSIDE_HOURS,
    "break": Reason.BREAK,
}
_ORDER = {reason: number for number, reason in enumerate(Reason)}


class _Times(NamedTuple):
    """A visit's own span, and the one with its buffers."""

    own: tuple[datetime, datetime]
    blocked: tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class _RoomTimes:
    """When a room is closed, and when each of its places is occupied."""

    room_id: UUID
    closures: SpanIndex[Span]
    places: Sequence[_Bookings]

    def free_place(self, times: _Times) -> int | None:
        """Return the lowest place that is free, None if there is none; buffers may extend into a closure."""
        if self.closures.during(*times.own):
            return None
        return next((number for number, place in enumerate(self.places) if not place.during(*times.blocked)), None)

    def in_the_way(self, times: _Times) -> UUID | None:
        """Return an appointment that occupies a place, None if the room is closed."""
        if self.closures.during(*times.own):
            return None
        occupying = (booking for place in self.places for booking in place.during(*times.blocked))
        return next((booking.appointment_id for booking in occupying), None)


class Search:
    """What the practitioners of a search have in common."""

    def __init__(
        self,
        visit: Visit,
        clinic: ClinicHours,
        days: Sequence[date],
        *,
        bookings: Sequence[Booking],
        rooms: Sequence[Room],
        patient_id: UUID | None,
        now: datetime,
        ignore: UUID | None,
    ) -> None:
        self._visit = visit
        self._clinic = clinic
        self._days = days_between(days[0], days[-1] + timedelta(days=2, minutes=visit.length))
        others = bookings if ignore is None else [one for one in bookings if one.appointment_id != ignore]
        of_patient = () if patient_id is None else [one for one in others if one.patient_id == patient_id]
        self._of_practitioners = _grouped(others, lambda booking: booking.practitioner_id)
        self.of_patient = _own_spans(of_patient)
        self.rooms = self._wanted_rooms(rooms, others) if visit.rooms else []
        self.earliest = now + visit.notice
        self.latest = None if visit.horizon is None else now + visit.horizon
        self.length = timedelta(minutes=visit.length)
        self.before = timedelta(minutes=visit.buffer_before)
        self.after = timedelta(minutes=visit.buffer_after)

    @property
    def needs_room(self) -> bool:
        """Whether the visit needs a room."""
        return bool(self._visit.rooms)

    def times(self, starts_at: datetime) -> _Times:
        """Return the spans of the visit if it starts then."""
        ends_at = starts_at + self.length
        return _Times((starts_at, ends_at), (starts_at - self.before, ends_at + self.after))

    def of(self, practitioner: PractitionerHours) -> "StartCheck":
        """Return the check of starts with a practitioner."""
        parts = timetable(self._clinic, practitioner, self._days)
        return StartCheck(
            self, practitioner.practitioner_id, parts, self._of_practitioners[practitioner.practitioner_id]
        )

    def _wanted_rooms(self, rooms: Iterable[Room], bookings: Iterable[Booking]) -> list[_RoomTimes]:
        """Return the rooms of the visit that exist, in the visit's order."""
        of_places = _grouped(bookings, lambda booking: (booking.room_id, booking.place or 0))
        places = {room.room_id: range(room.places) for room in rooms}
        return [
            _RoomTimes(
                room_id, self._closures(room_id), [_blocked_spans(of_places[room_id, n]) for n in places[room_id]]
            )
            for room_id in self._visit.rooms
            if room_id in places
        ]

    def _closures(self, room_id: UUID) -> SpanIndex[Span]:
        closures = room_closures(self._clinic, room_id, self._days)
        return SpanIndex((closure.starts_at, closure.ends_at, closure) for closure in closures)


class StartCheck:
    """The check of starts with one practitioner."""

    def __init__(
        self, search: Search, practitioner_id: UUID, parts: SpanIndex[DayPart], bookings: Sequence[Booking]
    ) -> None:
        self.search = search
        self.practitioner_id = practitioner_id
        self.parts = parts
        self._bookings = bookings

    @cached_property
    def own(self) -> _Bookings:
        """The practitioner's bookings, without buffers."""
        return _own_spans(self._bookings)

    @cached_property
    def blocked(self) -> _Bookings:
        """The practitioner's bookings with their buffers."""
        return _blocked_spans(self._bookings)

    def slot_or_reason(self, starts_at: datetime) -> Slot | Refused:
        """Return the slot at a start, or the first reason why there is none."""
        times = self.search.times(starts_at)
        parts = self.parts.during(*times.own)
        if refusal := _off_work(parts) or self._taken(times):
            return Refused(starts_at, *refusal, self.practitioner_id)
        return self._slot_or_reason(times, parts[0].room_id)

    def slots(self, starts: Sequence[datetime]) -> Iterator[Slot]:
        """Return the slots at those of the sorted starts at which there is one."""
        for part, since, last in self._free_spans():
            end = min(bisect_right(starts, last), bisect_left(starts, part.ends_at))
            for starts_at in starts[bisect_left(starts, since) : end]:
                found = self._slot_or_reason(self.search.times(starts_at), part.room_id)
                if isinstance(found, Slot):
                    yield found

    def _free_spans(self) -> Iterator[tuple[DayPart, datetime, datetime]]:
        """Return the first and the last instants between which starts are in working time and not taken.

        A visit can last from one part of working time into the next one, in another room of the practitioner.
        """
        for part, until in _working(self.parts):
            since, last = part.starts_at, until - self.search.length
            for booking in self.blocked.during(since - self.search.before, until + self.search.after):
                yield part, since, min(last, booking.blocked_from - self.search.after - self.search.length)
                since = max(since, booking.blocked_until + self.search.before)
            yield part, since, last

    def _slot_or_reason(self, times: _Times, own_room: UUID | None) -> Slot | Refused:
        """Return the slot at a start that is in working time and not taken, or the first reason why there is none."""
        starts_at = times.own[0]
        place = self._place(own_room, times)
        if place is None:
            return Refused(starts_at, Reason.ROOM, self._in_the_room(times), self.practitioner_id)
        if refusal := self._patient_busy(times) or self._too_soon_or_late(starts_at):
            return Refused(starts_at, *refusal, self.practitioner_id)
        return Slot(*times.own, self.practitioner_id, *place)

    def _taken(self, times: _Times) -> _Refusal | None:
        for reason, bookings in (
            (Reason.TAKEN, self.own.during(*times.own)),
            (Reason.BUFFER, self.blocked.during(*times.blocked)),
        ):
            if bookings:
                return reason, bookings[0].appointment_id
        return None

    def _place(self, own_room: UUID | None, times: _Times) -> _Place | None:
        """Return the room and place that the visit takes, no room if it needs none, None if none is free."""
        if not self.search.needs_room:
            return None, None
        for room in sorted(self.search.rooms, key=lambda room: room.room_id != own_room):
            if (place := room.free_place(times)) is not None:
                return room.room_id, place
        return None

    def _in_the_room(self, times: _Times) -> UUID | None:
        """Return an appointment in the visit's only room; of several rooms none is the one in the way."""
        return self.search.rooms[0].in_the_way(times) if len(self.search.rooms) == 1 else None

    def _patient_busy(self, times: _Times) -> _Refusal | None:
        bookings = self.search.of_patient.during(*times.own)
        return (Reason.PATIENT_BUSY, bookings[0].appointment_id) if bookings else None

    def _too_soon_or_late(self, starts_at: datetime) -> _Refusal | None:
        if starts_at < self.search.earliest:
            return Reason.NOTICE, None
        late = self.search.latest is not None and starts_at > self.search.latest
        return (Reason.HORIZON, None) if late else None


def _working(parts: Iterable[DayPart]) -> Iterator[tuple[DayPart, datetime]]:
    """Return the parts of working time, each with the end of the working time that it is in."""
    for is_work, run in groupby(parts, key=lambda part: part.kind == "work"):
        working = list(run) if is_work else []
        yield from ((part, working[-1].ends_at) for part in working)


def _off_work(parts: Iterable[DayPart]) -> _Refusal | None:
    reasons = [_OFF_WORK[part.kind] for part in parts if part.kind != "work"]
    return (min(reasons, key=_ORDER.__getitem__), None) if reasons else None


def _grouped(bookings: Iterable[Booking], key: Callable[[Booking], Hashable]) -> defaultdict[Hashable, list[Booking]]:
    groups: defaultdict[Hashable, list[Booking]] = defaultdict(list)
    for booking in bookings:
        groups[key(booking)].append(booking)
    return groups


def _own_spans(bookings: Iterable[Booking]) -> _Bookings:
    return SpanIndex((booking.starts_at, booking.ends_at, booking) for booking in bookings)


def _blocked_spans(bookings: Iterable[Booking]) -> _Bookings:
    return SpanIndex((booking.blocked_from, booking.blocked_until, booking) for booking in bookings)
