"""ClosureService, which other modules import from `service.py`: days when the clinic or a room is closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.working_time import ClinicHours, ClosureRange, room_closures
from clinic.appointments.hours.choices import Choices
from clinic.appointments.hours.loading import load_weekly
from clinic.appointments.hours.planned_days import PlannedDayService, swapped
from clinic.appointments.hours.preview import HoursChange, Interval, Preview, count_booked, preview_change
from clinic.appointments.hours.public_holidays import PublicHoliday, public_holidays
from clinic.appointments.hours.weeks import Week, weeks_of
from clinic.appointments.models import Closure, Room
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


@dataclass(frozen=True)
class PlannedClosure:
    """A closure, the name of its room if it is only one, and how many are booked then."""

    row: Closure
    room_name: str | None
    booked: int


class ClosureService(PlannedDayService[Closure]):
    """The days, and times on them, when the current clinic or one of its rooms is closed."""

    model = Closure
    not_found = ClosureNotFound
    cancel_reason = "clinic"

    def overview(
        self, first_day: date, year: int, weeks: Sequence[Week]
    ) -> tuple[Sequence[PlannedClosure], Sequence[Holiday]]:
        """Return the closures that end on a day or later, and the public holidays of a year, in two queries.

        `weeks` are the opening hours.
        """
        zone = clinic_service.current().zone
        planned = and_(Closure.holiday.is_(False), Closure.last_day >= first_day)
        wanted = select(Closure, Room.name).outerjoin(Room, Room.id == Closure.room_id)
        wanted = wanted.where(or_(planned, _holidays_of(year))).order_by(Closure.first_day, Closure.id)
        rows = db.session.execute(wanted).all()
        closures = [(row, name) for row, name in rows if not row.holiday]
        saved, listed = {row.first_day: row for row, _ in rows if row.holiday}, _listed(year)
        booked = count_booked(
            {row.id: (_intervals(row, zone), row.room_id) for row, _ in closures}
            | {day: ([day_bounds(day, zone)], None) for day in {*saved, *listed}}
        )
        return (
            [PlannedClosure(row, name, booked[row.id]) for row, name in closures],
            [_holiday(day, saved.get(day), listed.get(day), weeks, booked[day]) for day in sorted({*saved, *listed})],
        )

    def holidays(self, year: int) -> Sequence[Holiday]:
        """Return the public holidays of a year at the clinic's place, and those saved before, in order."""
        return self.overview(date.max, year, weeks_of(load_weekly([])[None]))[1]

    def preview_holidays(self, year: int, days: Collection[date]) -> Preview:
        """Return the booked appointments that would fall outside if the clinic is closed on these public holidays."""
        return _preview(*_changes(year, days))

    def save_holidays(
        self,
        year: int,
        days: Collection[date],
        *,
        shown: Collection[date] | None = None,
        seen: str | None = None,
        choices: Choices | None = None,
    ) -> int:
        """Close the clinic on these public holidays of a year, and on no other of them; return how many changed.

        Names are copied: a later list neither renames nor removes them. `shown` are the days that were saved when the
        list was shown, None for any; `seen` and `choices` as everywhere.

        :raises StaleVersion: if other days are saved meanwhile
        :raises AppointmentsOutside: if other appointments fall outside than were shown
        """
        with unit_of_work():
            if shown is not None and set(shown) != _saved(year).keys():
                raise StaleVersion("Somebody else changed the public holidays meanwhile")
            surplus, missing = _changes(year, days)
            preview = _preview(surplus, missing)
            preview.require_seen(seen)
            for row in surplus:
                db.session.delete(row)
            for one in missing:
                db.session.add(Closure(name=one.name, first_day=one.day, last_day=one.day, holiday=True))
            self._carry_out(preview, choices)
        return len(surplus) + len(missing)

    def _change(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> HoursChange:
        return HoursChange(closures=swapped(_ranges(before), _ranges(after)))


closure_service = ClosureService()


def _listed(year: int) -> Mapping[date, PublicHoliday]:
    """Return the public holidays of a year at the clinic's place."""
    clinic = clinic_service.current()
    return {one.day: one for one in public_holidays(clinic.country, clinic.subdivision, year)}


def _holidays_of(year: int) -> ColumnElement[bool]:
    return and_(Closure.holiday, Closure.first_day >= date(year, 1, 1), Closure.first_day <= date(year, 12, 31))


def _saved(year: int) -> Mapping[date, Closure]:
    return {row.first_day: row for row in db.session.scalars(select(Closure).where(_holidays_of(year)))}


def _changes(year: int, days: Collection[date]) -> tuple[Sequence[Closure], Sequence[PublicHoliday]]:
    """Return the saved public holidays that are not among some days, and the listed ones that are and are not saved."""
    saved, listed = _saved(year), _listed(year)
    surplus = [row for day, row in saved.items() if day not in days]
    return surplus, [one for day, one in listed.items() if day in days and day not in saved]


def _preview(surplus: Sequence[Closure], missing: Sequence[PublicHoliday]) -> Preview:
    days = [*(row.first_day for row in surplus), *(one.day for one in missing)]
    if not days:
        return Preview()
    old, new = ([_whole_day(day) for day in some] for some in (days[: len(surplus)], days[len(surplus) :]))
    return preview_change(HoursChange(closures=swapped(old, new)), [(day, day) for day in days])


def _whole_day(day: date) -> ClosureRange:
    return ClosureRange(day, day, None, None, None)


def _holiday(
    day: date, saved: Closure | None, listed: PublicHoliday | None, weeks: Sequence[Week], booked: int
) -> Holiday:
    """Return a day that is saved or listed or both; it keeps the name with which it was saved."""
    return Holiday(
        day,
        saved.name if saved else listed.name if listed else "",
        optional=bool(listed and listed.optional),
        saved=saved is not None,
        closed_anyway=bool(weeks) and not _is_open(weeks, day),
        booked=booked,
    )


def _is_open(weeks: Sequence[Week], day: date) -> bool:
    return any(week.holds_on(day) and week.on(day.weekday()) for week in weeks)


def _ranges(state: Mapping[str, Any] | None) -> Sequence[ClosureRange]:
    names = ("first_day", "last_day", "starts", "ends", "room_id")
    return [ClosureRange(*(state[name] for name in names))] if state else []


def _intervals(row: Closure, zone: str) -> Sequence[Interval]:
    """Return the intervals in which a closure holds."""
    closure = ClosureRange(row.first_day, row.last_day, row.starts, row.ends, row.id)
    clinic, days = ClinicHours(ZoneInfo(zone), (), (closure,)), days_between(row.first_day, row.last_day)
    return [(span.starts_at, span.ends_at) for span in room_closures(clinic, row.id, days)]
