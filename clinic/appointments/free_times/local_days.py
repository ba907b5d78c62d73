"""Local days of a time zone as runs of the clock, on which wall-clock minutes become instants.

A minute that the clocks skip is in no run, one that they show twice is in two.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = 1440
"""Minutes of a day on the clock's face."""


@dataclass(frozen=True, slots=True)
class ClockRun:
    """A run of a local day without a clock change: its first instant, and its wall-clock minutes."""

    at: datetime
    starts: int
    ends: int

    def span(self, starts: int, ends: int) -> tuple[datetime, datetime] | None:
        """Return the instants of a span of wall-clock minutes as far as it is in this run, None if it is not."""
        first, last = max(starts, self.starts), min(ends, self.ends)
        return (self.instant(first), self.instant(last)) if first < last else None

    def instant(self, minute: int) -> datetime:
        """Return the instant at which the clock shows a minute of this run."""
        return self.at + timedelta(minutes=minute - self.starts)


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@lru_cache(maxsize=1024)
def clock_runs(zone: ZoneInfo, day: date) -> tuple[ClockRun, ...]:
    """Return the runs of a local day: one, two when the clocks change on it, none when the calendar skips it."""
    first, last = min(_midnights(zone, day)), max(_midnights(zone, day + timedelta(days=1)))
    change = _clock_change(zone, first, last)
    runs = (_clock_run(zone, day, *span) for span in ((first, change), (change, last)))
    return tuple(run for run in runs if run.starts < run.ends)


def _midnights(zone: ZoneInfo, day: date) -> list[datetime]:
    """Return both instants of an ambiguous midnight, and instants before and after the gap of a skipped one."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return [midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]


def _clock_change(zone: ZoneInfo, first: datetime, last: datetime) -> datetime:
    """Return the first minute with another UTC offset than `first`, or `last`; the clocks change once at most."""

    def changed(minute: int) -> bool:
        return (first + timedelta(minutes=minute)).astimezone(zone).utcoffset() != offset

    offset = first.astimezone(zone).utcoffset()
    minutes = range((last - first) // timedelta(minutes=1))
    return first + timedelta(minutes=bisect_left(minutes, True, key=changed))


def _clock_run(zone: ZoneInfo, day: date, starts_at: datetime, ends_at: datetime) -> ClockRun:
    """Return the minutes of a day in a span without a clock change."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    shown = (starts_at.astimezone(zone) - midnight) // timedelta(minutes=1)
    starts, ends = max(shown, 0), min(shown + (ends_at - starts_at) // timedelta(minutes=1), DAY)
    return ClockRun(starts_at + timedelta(minutes=starts - shown), starts, ends)
