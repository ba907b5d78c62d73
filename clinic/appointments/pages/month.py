"""A month of a practitioner as a small calendar: days with exceptions, and days without work."""

from calendar import Calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from clinic.appointments.hours.weeks import range_text
from clinic.appointments.service import HoursException

LABELS = {"leave": "leave", "hours": "other hours", "extra": "extra hours"}
"""Kinds of exceptions; the mark of a day is that of the first one which it has."""


@dataclass(frozen=True)
class Month:
    """The days of a month by weeks, None for those of its neighbours."""

    first_day: date
    weeks: Sequence[Sequence[date | None]]
    off: frozenset[date] = frozenset()
    kinds: dict[date, str] = field(default_factory=dict)
    texts: dict[date, str] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return self.following - timedelta(days=1)

    @property
    def following(self) -> date:
        """The first day of the next month."""
        return (self.first_day + timedelta(days=31)).replace(day=1)

    @property
    def previous(self) -> date:
        """The first day of the month before."""
        return (self.first_day - timedelta(days=1)).replace(day=1)

    def with_marks(self, planned: Iterable[HoursException], off: frozenset[date]) -> "Month":
        """Return the month with its days marked by their exceptions, and those without work."""
        kinds: dict[date, str] = {}
        texts: dict[date, str] = {}
        for kind in LABELS:
            for one in planned:
                if one.kind == kind:
                    for day in self._days_of(one):
                        kinds.setdefault(day, kind)
                        texts.setdefault(day, _text(one))
        return replace(self, off=off, kinds=kinds, texts=texts)

    def _days_of(self, one: HoursException) -> list[date]:
        first, last = max(one.first_day, self.first_day), min(one.last_day, self.last_day)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def month_of(day: date) -> Month:
    """Return the month of a day, without any marks."""
    first = day.replace(day=1)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    return Month(first, [[one if one.month == first.month else None for one in week] for week in weeks])


def _text(one: HoursException) -> str:
    times = "" if one.starts is None or one.ends is None else f" {range_text(one.starts, one.ends)}"
    return LABELS[one.kind] + times
