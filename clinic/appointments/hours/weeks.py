"""Weekly hours as weeks that hold from one day to another, and what is wrong with a week.

Minutes are wall-clock minutes since midnight, 0 to 1440; days without a limit are None.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations, pairwise

from clinic.appointments.free_times.working_time import WeeklyRange

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """The ranges of a week, ordered by day and start, which hold from `valid_from` to `valid_until`, both included."""

    ranges: tuple[WeeklyRange, ...]
    valid_from: date | None = None
    valid_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the week holds on a day."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    def on(self, weekday: int) -> tuple[WeeklyRange, ...]:
        """Return the ranges of a weekday, 0 is Monday."""
        return tuple(one for one in self.ranges if one.weekday == weekday)


def clock_text(minute: int) -> str:
    """Return a minute of the day as the clock shows it, `09:30`; the end of the day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def range_text(starts: int, ends: int) -> str:
    """Return a range of minutes as text: `08:00–12:30`."""
    return f"{clock_text(starts)}–{clock_text(ends)}"


def weeks_of(ranges: Iterable[WeeklyRange]) -> list[Week]:
    """Return the weeks that weekly hours consist of, in order; days without any hours are in none."""
    ranges = list(ranges)
    starts = {one.valid_from or date.min for one in ranges}
    after = {one.valid_until + _ONE_DAY for one in ranges if one.valid_until}
    bounds = [*sorted({date.min, *starts, *after}), None]
    weeks = [_week_between(ranges, first, following) for first, following in pairwise(bounds) if first]
    return [week for week in _merged(weeks) if week.ranges]


def replace_week(
    ranges: Iterable[WeeklyRange], week: Sequence[WeeklyRange], valid_from: date | None, valid_until: date | None
) -> list[WeeklyRange]:
    """Return weekly hours in which a week has replaced all that held between two days, both included."""
    outside = [piece for one in ranges for piece in _pieces_outside(one, valid_from, valid_until)]
    inside = [replace(one, valid_from=valid_from, valid_until=valid_until) for one in week]
    return [
        replace(one, valid_from=found.valid_from, valid_until=found.valid_until)
        for found in weeks_of([*outside, *inside])
        for one in found.ranges
    ]


def week_problems(ranges: Sequence[tuple[int, int, int] | None]) -> dict[int, str]:
    """Return what is wrong with the ranges of a week, by their position.

    A range is weekday, start and end; one that could not be read is None.
    """
    read = [(position, *one) for position, one in enumerate(ranges) if one]
    found = {
        position: f"{WEEKDAYS[weekday]}: {range_text(starts, ends)} ends before it starts"
        for position, weekday, starts, ends in read
        if ends <= starts
    }
    sound = sorted((one for one in read if one[0] not in found), key=lambda one: one[1:])
    for (_, weekday, *first), (position, other_day, *second) in combinations(sound, 2):
        if weekday == other_day and second[0] < first[1]:
            found.setdefault(position, f"{WEEKDAYS[weekday]}: {range_text(*first)} and {range_text(*second)} overlap")
    return found


def week_minutes(ranges: Iterable[WeeklyRange]) -> int:
    """Return how many minutes some ranges last together."""
    return sum(one.ends - one.starts for one in ranges)


def _week_between(ranges: Sequence[WeeklyRange], first: date, following: date | None) -> Week:
    """Return the week that holds on all days from the first one up to a following one, which is not included."""
    held = [
        replace(one, valid_from=None, valid_until=None)
        for one in ranges
        if (one.valid_from or date.min) <= first <= (one.valid_until or date.max)
    ]
    ordered = sorted(held, key=lambda one: (one.weekday, one.starts, one.ends))
    return Week(
        tuple(ordered),
        None if first == date.min else first,
        following - _ONE_DAY if following else None,
    )


def _merged(weeks: Iterable[Week]) -> list[Week]:
    """Return consecutive weeks with equal neighbours merged."""
    merged: list[Week] = []
    for week in weeks:
        if merged and merged[-1].ranges == week.ranges:
            merged[-1] = replace(merged[-1], valid_until=week.valid_until)
        else:
            merged.append(week)
    return merged


def _pieces_outside(one: WeeklyRange, valid_from: date | None, valid_until: date | None) -> Iterator[WeeklyRange]:
    """Return what is left of a range without the days between two ones, both included."""
    first, last = one.valid_from or date.min, one.valid_until or date.max
    if valid_from and first < valid_from:
        yield replace(one, valid_until=min(last, valid_from - _ONE_DAY) if last < date.max else valid_from - _ONE_DAY)
    if valid_until and last > valid_until:
        yield replace(one, valid_from=max(first, valid_until + _ONE_DAY))
