"""Whether a visit can start at a time with a practitioner, and if it can't the reason."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from clinic.appointments.local_days import days_between
from clinic.appointments.slot_types import Booking, Reason, Refused, Room, Slot, Visit
from clinic.appointments.span_index import SpanIndex
from clinic.appointments.working_time import ClinicHours, DayPart, PractitionerHours, Span, room_closures, timetable

_Bookings = SpanIndex[Booking]
_Refusal = tuple[Reason, UUID | None]
_Place = tuple[UUID | None, int | None]

_OFF_WORK = {
    "closed": Reason.CLOSED,
    "leave": Reason.LEAVE,
    "off": Reason.OUTSIDE_HOURS,
    "break": Reason.BREAK,
}
"""Reasons by kind of time, in the order in which they are given."""


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
        """Return the lowest place that is free; buffers may extend into a closure."""
        if self.closures.during(*times.own):
            return None
        return next((number for number, place in enumerate(self.places) if not place.during(*times.blocked)), None)

    def in_the_way(self, times: _Times) -> UUID | None:
        """Return the first appointment that occupies a place, None if the room is closed."""
        if self.closures.during(*times.own):
            return None
        return next((found.appointment_id for place in self.places for found in place.during(*times.blocked)), None)


class Search:
    """A search for free starts: what its practitioners have in common."""

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
        self.visit = visit
        self.earliest = now + visit.notice
        self.latest = None if visit.horizon is None else now + visit.horizon
        self._clinic = clinic
        self._days = days_between(days[0], days[-1] + timedelta(days=2, minutes=visit.length))
        others = [booking for booking in bookings if booking.appointment_id != ignore]
        self.of_patient = _own_spans(booking for booking in others if booking.patient_id == patient_id)
        self._by_practitioner: dict[UUID, list[Booking]] = defaultdict(list)
        for booking in others:
            self._by_practitioner[booking.practitioner_id].append(booking)
        places = {room.room_id: room.places for room in rooms}
        self.rooms = [self._room_times(id_, places[id_], others) for id_ in visit.rooms if id_ in places]

    def of(self, practitioner: PractitionerHours) -> "StartCheck":
        """Return the check of starts with a practitioner."""
        bookings = self._by_practitioner[practitioner.practitioner_id]
        parts = timetable(self._clinic, practitioner, self._days)
        return StartCheck(self, practitioner.practitioner_id, parts, _own_spans(bookings), _blocked_spans(bookings))

    def _room_times(self, room_id: UUID, places: int, bookings: Iterable[Booking]) -> _RoomTimes:
        closures = room_closures(self._clinic, room_id, self._days)
        there = [booking for booking in bookings if booking.room_id == room_id]
        return _RoomTimes(
            room_id,
            SpanIndex((closure.starts_at, closure.ends_at, closure) for closure in closures),
            [_blocked_spans(b for b in there if (b.place or 0) == place) for place in range(places)],
        )


@dataclass(frozen=True, slots=True)
class StartCheck:
    """The check of starts with one practitioner."""

    search: Search
    practitioner_id: UUID
    parts: SpanIndex[DayPart]
    own: _Bookings
    blocked: _Bookings

    def slot_or_reason(self, starts_at: datetime) -> Slot | Refused:
        """Return the slot at a start, or the first reason why there is none."""
        times = self._times(starts_at)
        parts = self.parts.during(*times.own)
        if refusal := _off_work(parts) or self._taken(times):
            return Refused(starts_at, *refusal, self.practitioner_id)
        place = self._place(parts[0].room_id, times)
        if place is None:
            return Refused(starts_at, Reason.ROOM, self._in_the_room(times), self.practitioner_id)
        if refusal := self._patient_busy(times) or self._too_soon_or_late(starts_at):
            return Refused(starts_at, *refusal, self.practitioner_id)
        return Slot(*times.own, self.practitioner_id, *place)

    def _times(self, starts_at: datetime) -> _Times:
        visit = self.search.visit
        ends_at = starts_at + timedelta(minutes=visit.length)
        blocked_from = starts_at - timedelta(minutes=visit.buffer_before)
        return _Times((starts_at, ends_at), (blocked_from, ends_at + timedelta(minutes=visit.buffer_after)))

    def _taken(self, times: _Times) -> _Refusal | None:
        if overlapping := self.own.during(*times.own):
            return Reason.TAKEN, overlapping[0].appointment_id
        if overlapping := self.blocked.during(*times.blocked):
            return Reason.BUFFER, overlapping[0].appointment_id
        return None

    def _place(self, own_room: UUID | None, times: _Times) -> _Place | None:
        """Return the room and place that the visit takes, no room if it needs none, None if none is free."""
        if not self.search.visit.rooms:
            return None, None
        for room in sorted(self.search.rooms, key=lambda room: room.room_id != own_room):
            if (place := room.free_place(times)) is not None:
                return room.room_id, place
        return None

    def _in_the_room(self, times: _Times) -> UUID | None:
        """Return an appointment in the visit's only room; of several rooms none is the one in the way."""
        return self.search.rooms[0].in_the_way(times) if len(self.search.rooms) == 1 else None

    def _patient_busy(self, times: _Times) -> _Refusal | None:
        overlapping = self.search.of_patient.during(*times.own)
        return (Reason.PATIENT_BUSY, overlapping[0].appointment_id) if overlapping else None

    def _too_soon_or_late(self, starts_at: datetime) -> _Refusal | None:
        if starts_at < self.search.earliest:
            return Reason.NOTICE, None
        late = self.search.latest is not None and starts_at > self.search.latest
        return (Reason.HORIZON, None) if late else None


def _off_work(parts: Iterable[DayPart]) -> _Refusal | None:
    kinds = {part.kind for part in parts}
    return next(((reason, None) for kind, reason in _OFF_WORK.items() if kind in kinds), None)


def _own_spans(bookings: Iterable[Booking]) -> _Bookings:
    return SpanIndex((booking.starts_at, booking.ends_at, booking) for booking in bookings)


def _blocked_spans(bookings: Iterable[Booking]) -> _Bookings:
    return SpanIndex((booking.blocked_from, booking.blocked_until, booking) for booking in bookings)
