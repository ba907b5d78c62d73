"""A month of a practitioner as a small calendar: days with exceptions, and days without work."""

from calendar import Calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

from clinic.appointments.free_times.working_time import working_ranges
from clinic.appointments.hours.weeks import range_text
from clinic.appointments.service import HoursException, hours_service

LABELS = {"leave": "leave", "hours": "other hours", "extra": "extra hours"}
"""Kinds of exceptions; the mark of a day is that of the first one which it has."""


@dataclass(frozen=True)
class Month:
    """The days of a month by weeks, None for those of its neighbours."""

    first_day: date
    weeks: Sequence[Sequence[date | None]]
    off: frozenset[date]
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

    def with_exceptions(self, planned: Iterable[HoursException]) -> "Month":
        """Return the month with its days marked by their exceptions."""
        kinds: dict[date, str] = {}
        texts: dict[date, str] = {}
        for kind in LABELS:
            for one in planned:
                if one.kind == kind:
                    for day in self._days_of(one):
                        kinds.setdefault(day, kind)
                        texts.setdefault(day, _text(one))
        return replace(self, kinds=kinds, texts=texts)

    def _days_of(self, one: HoursException) -> list[date]:
        first, last = max(one.first_day, self.first_day), min(one.last_day, self.last_day)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def month_of(practitioner_id: UUID, day: date) -> Month:
    """Return the month of a day, with the days on which a practitioner does not work."""
    first = day.replace(day=1)
    weeks = [
        [one if one.month == first.month else None for one in week]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]
    month = Month(first, weeks, frozenset())
    clinic, hours = hours_service.load([practitioner_id], first, month.last_day)
    days = [one for week in weeks for one in week if one]
    return replace(month, off=frozenset(one for one in days if not working_ranges(clinic, hours[practitioner_id], one)))


def _text(one: HoursException) -> str:
    times = "" if one.starts is None or one.ends is None else f" {range_text(one.starts, one.ends)}"
    return LABELS[one.kind] + times
