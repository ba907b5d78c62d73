"""Working time of practitioners: weekly hours, exceptions, opening hours and closures, as spans of a day.

Minutes are wall-clock minutes since local midnight, 0 to 1440; instants are aware datetimes in UTC;
spans include their start and exclude their end.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

DAY = 1440
"""Minutes of a day on the clock's face."""

ExceptionKind = Literal["leave", "hours", "extra"]
PartKind = Literal["closed", "leave", "off", "break", "work"]


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
    open.
    """

    practitioner_id: UUID
    weekly: tuple[WeeklyRange, ...] = ()
    exceptions: tuple[ExceptionRange, ...] = ()


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


def working_ranges(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> tuple[Span, ...]:
    """Return the working time of a day: hours within the opening hours, and extra hours, without leave and closures."""
    raise NotImplementedError


def day_parts(clinic: ClinicHours, practitioner: PractitionerHours, day: date) -> tuple[DayPart, ...]:
    """Return what a day consists of, in order, from local midnight to local midnight without gap or overlap."""
    raise NotImplementedError


def is_within_hours(
    clinic: ClinicHours, practitioner: PractitionerHours, starts_at: datetime, ends_at: datetime
) -> bool:
    """Return whether all of a span is working time."""
    raise NotImplementedError
