"""ClosureService, which other modules import from `service.py`: days when the clinic or a room is closed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.working_time import ClinicHours, ClosureRange, room_closures
from clinic.appointments.hours.loading import load_weekly
from clinic.appointments.hours.planned_days import PlannedDayService, swapped
from clinic.appointments.hours.preview import HoursChange, Interval, count_booked
from clinic.appointments.hours.public_holidays import public_holidays
from clinic.appointments.hours.weeks import weeks_of
from clinic.appointments.models import Closure
from clinic.core.clock import day_bounds
from clinic.core.db import db
from clinic.core.errors import NotFound, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service


class ClosureNotFound(NotFound):
    """The current clinic has no such closure."""

    def __init__(self) -> None:
        super().__init__("There is no such closure")


@dataclass(frozen=True)
class Holiday:
    """A public holiday of a year: whether the clinic is closed for it, or anyway, and how many are booked then."""

    day: date
    name: str
    optional: bool
    saved: bool
    closed_anyway: bool
    booked: int


class ClosureService(PlannedDayService[Closure]):
    """The days, and times on them, when the current clinic or one of its rooms is closed."""

    model = Closure
    not_found = ClosureNotFound
    cancel_reason = "clinic"

    def booked(self, closures: Iterable[Closure]) -> Mapping[UUID, int]:
        """Return how many appointments are booked during each closure, in one query."""
        zone = clinic_service.current().zone
        return count_booked({row.id: (_intervals(row, zone), row.room_id) for row in closures})

    def holidays(self, year: int) -> Sequence[Holiday]:
        """Return the public holidays of a year at the clinic's place, and those saved before, in order."""
        clinic = clinic_service.current()
        saved = {row.first_day: row for row in self._saved(year)}
        listed = {one.day: one for one in public_holidays(clinic.country, clinic.subdivision, year)}
        days = sorted({*saved, *listed})
        booked = count_booked({day: ([day_bounds(day, clinic.zone)], None) for day in days})
        weeks = weeks_of(load_weekly([])[None])
        return [
            Holiday(
                day,
                saved[day].name if day in saved else listed[day].name,
                day in listed and listed[day].optional,
                day in saved,
                bool(weeks) and not any(week.holds_on(day) and week.on(day.weekday()) for week in weeks),
                booked[day],
            )
            for day in days
        ]

    def save_holidays(self, year: int, days: Collection[date], *, shown: Collection[date] | None = None) -> int:
        """Close the clinic on these public holidays of a year, and on no other of them; return how many changed.

        Names are copied: a later list neither renames nor removes them. `shown` are the days that were saved when the
        list was shown, None for any.

        :raises StaleVersion: if other days are saved meanwhile
        """
        with unit_of_work():
            clinic = clinic_service.current()
            saved = {row.first_day: row for row in self._saved(year)}
            if shown is not None and set(shown) != saved.keys():
                raise StaleVersion("Somebody else changed the public holidays meanwhile")
            names = {one.day: one.name for one in public_holidays(clinic.country, clinic.subdivision, year)}
            surplus, missing = saved.keys() - set(days), (set(days) & names.keys()) - saved.keys()
            for day in surplus:
                db.session.delete(saved[day])
            for day in sorted(missing):
                db.session.add(Closure(name=names[day], first_day=day, last_day=day, holiday=True))
            db.session.flush()
        return len(surplus) + len(missing)

    def _saved(self, year: int) -> Sequence[Closure]:
        in_year = (Closure.holiday, Closure.first_day >= date(year, 1, 1), Closure.first_day <= date(year, 12, 31))
        return db.session.scalars(select(Closure).where(*in_year)).all()

    def _change(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> HoursChange:
        return HoursChange(closures=swapped(_range(before), _range(after)))


closure_service = ClosureService()


def _range(state: Mapping[str, Any] | None) -> ClosureRange | None:
    names = ("first_day", "last_day", "starts", "ends", "room_id")
    return ClosureRange(*(state[name] for name in names)) if state else None


def _intervals(row: Closure, zone: str) -> Sequence[Interval]:
    """Return the intervals in which a closure holds."""
    closure = ClosureRange(row.first_day, row.last_day, row.starts, row.ends, row.id)
    clinic, days = ClinicHours(ZoneInfo(zone), (), (closure,)), days_between(row.first_day, row.last_day)
    return [(span.starts_at, span.ends_at) for span in room_closures(clinic, row.id, days)]
