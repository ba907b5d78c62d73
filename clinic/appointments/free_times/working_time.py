"""Working time of practitioners: weekly hours, exceptions, opening hours and closures, as spans of a day.

Minutes are wall-clock minutes since local midnight, 0 to 1440; instants are aware datetimes in UTC;
spans include their start and exclude their end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.appointments.free_times.local_days import DAY, clock_runs
from clinic.appointments.free_times.span_index import SpanIndex

ExceptionKind = Literal["leave", "hours", "extra"]
PartKind = Literal["closed", "leave", "off", "break", "work"]

_Dated = TypeVar("_Dated", "ExceptionRange", "ClosureRange")


@dataclass(frozen=True, slots=True)
class WeeklyRange:
    """Hours of every week on one weekday (0 is Monday), on days from `valid_from` to `valid_until`, both included."""

    weekday: int
    starts: int
    ends: int
    room_id: UUID | None = None
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class ExceptionRange:
    """A practitioner's exception on each day from `first_day` to `last_day`; without minutes it is the whole day.

    `leave` removes time, extra hours too. All `hours` of a day together replace its weekly hours. `extra` adds time,
    outside the opening hours too.
    """

    kind: ExceptionKind
    first_day: date
    last_day: date
    starts: int | None
    ends: int | None
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ClosureRange:
    """Time in which the clinic is closed, or one room, on each day from `first_day` to `last_day`.

    Without minutes it is the whole day. It removes extra hours too.
    """

    first_day: date
    last_day: date
    starts: int | None
    ends: int | None
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PractitionerHours:
    """The hours of a practitioner.

    Without any weekly hours and without `hours` or `extra` exceptions, a practitioner works whenever the clinic is
    open; leave and closures apply all the same.
    """

    practitioner_id: UUID
    weekly: tuple[WeeklyRange, ...] = ()
    exceptions: tuple[ExceptionRange, ...] = ()

    @property
    def has_hours(self) -> bool:
        """Whether the practitioner has hours of their own."""
        return bool(self.weekly) or any(exception.kind != "leave" for exception in self.exceptions)


@dataclass(frozen=True, slots=True)
class ClinicHours:
    """The clinic's zone, opening hours and closures; without any opening hours it is always open."""

    zone: ZoneInfo
    opening: tuple[WeeklyRange, ...] = ()
    closures: tuple[ClosureRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Working time, with the practitioner's room."""

    starts_at: datetime
    ends_at: datetime
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DayPart:
    """A part of a practitioner's day; the room is set for kind `work` only."""

    starts_at: datetime
    ends_at: datetime
    kind: PartKind
    room_id: UUID | None = None


class _Piece(NamedTuple):
    """A part of a day on the clock's face."""

    starts: int
    ends: int
    kind: PartKind
    room_id: UUID | None = None


def day_parts(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> tuple[DayPart, ...]:
    """Return what a day consists of, in order, from local midnight to local midnight without gap or overlap.

    A break is the time between two ranges of the day, before leave and closures are taken away.
    """
    parts: list[DayPart] = []
    pieces = _pieces(clinic, practitioner, day)
    for run in clock_runs(clinic.zone, day):
        for piece in pieces:
            if span := run.span(piece.starts, piece.ends):
                _append(parts, DayPart(*span, piece.kind, piece.room_id))
    return tuple(parts)


def working_ranges(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> tuple[Span, ...]:
    """Return the working time of a day: hours within the opening hours, and extra hours, without leave and closures."""
    parts = day_parts(clinic, practitioner, day)
    return tuple(Span(part.starts_at, part.ends_at, part.room_id) for part in parts if part.kind == "work")


def timetable(clinic: ClinicHours, practitioner: PractitionerHours, days: Iterable[date]) -> SpanIndex[DayPart]:
    """Return the parts of several days."""
    parts = (part for day in days for part in day_parts(clinic, practitioner, day))
    return SpanIndex((part.starts_at, part.ends_at, part) for part in parts)


def room_closures(clinic: ClinicHours, room_id: UUID, days: Iterable[date]) -> list[Span]:
    """Return the spans in which one room is closed, without those in which the clinic is."""
    closures = [closure for closure in clinic.closures if closure.room_id == room_id]
    return [
        Span(*span, room_id)
        for day in (days if closures else ())
        for closure in _on(closures, day)
        for run in clock_runs(clinic.zone, day)
        if (span := run.span(*_minutes(closure)))
    ]


def _append(parts: list[DayPart], part: DayPart) -> None:
    """Add a part, or extend the last one if it is alike."""
    if parts and (parts[-1].ends_at, parts[-1].kind, parts[-1].room_id) == (part.starts_at, part.kind, part.room_id):
        part = replace(parts.pop(), ends_at=part.ends_at)
    parts.append(part)


def _pieces(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> list[_Piece]:
    """Return the parts of a day, later layers covering earlier ones."""
    ranges = _ranges(clinic, practitioner, day)
    pieces = [_Piece(0, DAY, "off")]
    if ranges:
        pieces = _cover(pieces, _Piece(min(r.starts for r in ranges), max(r.ends for r in ranges), "break"))
    for piece in (*reversed(ranges), *_leaves(practitioner, day), *_closures(clinic, day)):
        pieces = _cover(pieces, piece)
    return pieces


def _cover(pieces: list[_Piece], over: _Piece) -> list[_Piece]:
    before = [_Piece(p.starts, min(p.ends, over.starts), p.kind, p.room_id) for p in pieces if p.starts < over.starts]
    after = [_Piece(max(p.starts, over.ends), p.ends, p.kind, p.room_id) for p in pieces if p.ends > over.ends]
    return [*before, over, *after]


def _ranges(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> list[_Piece]:
    """Return a day's working time before leave and closures."""
    exceptions = _on(practitioner.exceptions, day)
    own = [_work(exception) for exception in exceptions if exception.kind == "hours"]
    if not practitioner.has_hours:
        own = [_Piece(0, DAY, "work")]
    elif not own:
        own = [_work(weekly) for weekly in _of_weekday(practitioner.weekly, day)]
    return [*_while_open(clinic, own, day), *(_work(e) for e in exceptions if e.kind == "extra")]


def _while_open(clinic: ClinicHours, ranges: list[_Piece], day: date) -> list[_Piece]:
    if not clinic.opening:
        return ranges
    opening = [_minutes(weekly) for weekly in _of_weekday(clinic.opening, day)]
    shared = (
        r._replace(starts=max(r.starts, opens), ends=min(r.ends, shuts)) for r in ranges for opens, shuts in opening
    )
    return [piece for piece in shared if piece.starts < piece.ends]


def _leaves(practitioner: PractitionerHours, day: date) -> list[_Piece]:
    leaves = [exception for exception in practitioner.exceptions if exception.kind == "leave"]
    return [_Piece(*_minutes(leave), "leave") for leave in _on(leaves, day)]


def _closures(clinic: ClinicHours, day: date) -> list[_Piece]:
    closures = [closure for closure in clinic.closures if closure.room_id is None]
    return [_Piece(*_minutes(closure), "closed") for closure in _on(closures, day)]


def _work(hours: WeeklyRange | ExceptionRange) -> _Piece:
    return _Piece(*_minutes(hours), "work", hours.room_id)


def _minutes(hours: WeeklyRange | ExceptionRange | ClosureRange) -> tuple[int, int]:
    """Return start and end; without minutes it is the whole day."""
    return 0 if hours.starts is None else hours.starts, DAY if hours.ends is None else hours.ends


def _of_weekday(weekly: Sequence[WeeklyRange], day: date) -> list[WeeklyRange]:
    return [r for r in weekly if r.weekday == day.weekday() and _is_valid(r, day)]


def _is_valid(weekly: WeeklyRange, day: date) -> bool:
    return (weekly.valid_from or day) <= day <= (weekly.valid_until or day)


def _on(ranges: Sequence[_Dated], day: date) -> list[_Dated]:
    return [r for r in ranges if r.first_day <= day <= r.last_day]
