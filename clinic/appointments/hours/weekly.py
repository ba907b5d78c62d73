"""HoursService, which other modules import from `service.py`: weekly hours of practitioners, and opening hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours, WeeklyRange, working_ranges
from clinic.appointments.hours.choices import Choices, carry_out
from clinic.appointments.hours.loading import load_hours, load_weekly
from clinic.appointments.hours.preview import HoursChange, Preview, preview_change
from clinic.appointments.hours.weeks import WEEKDAYS, Week, range_text, replace_week, week_problems, weeks_of
from clinic.appointments.models import Practitioner, Room, WeeklyHours
from clinic.appointments.resources.practitioners import practitioner_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic

ENDS_BEFORE_IT_BEGINS = "The last day is before the first one"

_Key = tuple[int, int, int, UUID | None, date | None, date | None]


@dataclass
class Hours:
    """The weekly hours of a practitioner, or without one the opening hours; `id` and `version` are their owner’s."""

    id: UUID
    version: int
    practitioner_id: UUID | None
    zone: str
    weeks: Sequence[Week]

    def week_of(self, day: date) -> Week:
        """Return the week that holds on a day, or an empty one."""
        return next((week for week in self.weeks if week.holds_on(day)), Week(()))


class HoursService:
    """When the practitioners of the current clinic work, and when the clinic is open."""

    def load(
        self, practitioner_ids: Iterable[UUID], first_day: date, last_day: date
    ) -> tuple[ClinicHours, dict[UUID, PractitionerHours]]:
        """Return the hours of the clinic and of practitioners on some days, both included, in one query.

        Weekly hours are complete, exceptions and closures are those of the days.
        """
        return load_hours(practitioner_ids, first_day, last_day)

    def get(self, practitioner_id: UUID | None) -> Hours:
        """Return the weekly hours of a practitioner, or the clinic's opening hours.

        :raises PractitionerNotFound: if no practitioner has that id
        """
        clinic = clinic_service.current()
        owner = practitioner_service.get(practitioner_id) if practitioner_id else clinic
        weeks = weeks_of(load_weekly([practitioner_id] if practitioner_id else [])[practitioner_id])
        return Hours(owner.id, owner.version, practitioner_id, clinic.zone, weeks)

    def get_with_days_off(
        self, practitioner_id: UUID, first_day: date, last_day: date
    ) -> tuple[Hours, frozenset[date]]:
        """Return a practitioner's weekly hours, and the days without work between two ones, both included.

        :raises PractitionerNotFound: if no practitioner has that id
        """
        owner = practitioner_service.get(practitioner_id)
        clinic, hours = load_hours([practitioner_id], first_day, last_day)
        own, days = hours[practitioner_id], days_between(first_day, last_day)
        off = frozenset(day for day in days if not working_ranges(clinic, own, day))
        return Hours(owner.id, owner.version, practitioner_id, clinic.zone.key, weeks_of(own.weekly)), off

    def preview_week(
        self,
        practitioner_id: UUID | None,
        ranges: Sequence[WeeklyRange],
        *,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> Preview:
        """Return the booked appointments that would fall outside a week set from one day to another, both included.

        :raises PractitionerNotFound: if no practitioner has that id
        :raises InvalidInput: if ranges overlap or end before they start, or a room does not exist
        """
        _check_week(ranges, valid_from, valid_until)
        _check_rooms(ranges)
        change = _week_change(practitioner_id, ranges, valid_from, valid_until)
        found = preview_change(change, [(valid_from, valid_until)], practitioner_id=practitioner_id)
        if practitioner_id and not found.booked:
            practitioner_service.get(practitioner_id)
        return found

    def set_week(
        self,
        practitioner_id: UUID | None,
        ranges: Sequence[WeeklyRange],
        *,
        valid_from: date | None = None,
        valid_until: date | None = None,
        version: int | None = None,
        seen: str | None = None,
        choices: Choices | None = None,
    ) -> Hours:
        """Let a week hold from one day to another, both included, instead of what held there; None is no limit.

        Appointments stay as booked, except those that `choices` moves or cancels. `seen` is the seal of the preview
        that was shown, None to save without one.

        :raises PractitionerNotFound: if no practitioner has that id
        :raises StaleVersion: if their owner has another version
        :raises InvalidInput: if ranges overlap or end before they start, or a room does not exist
        :raises AppointmentsOutside: if other appointments fall outside than were shown
        :raises: what `carry_out` raises
        """
        with unit_of_work():
            owner = _lock_owner(practitioner_id, version)
            held = load_weekly([practitioner_id] if practitioner_id else [])[practitioner_id]
            preview = self.preview_week(practitioner_id, ranges, valid_from=valid_from, valid_until=valid_until)
            preview.require_seen(seen)
            if _store(practitioner_id, replace_week(held, ranges, valid_from, valid_until)):
                owner.updated_at = now()
            db.session.flush()
            carry_out(preview, choices or {}, reason="practitioner" if practitioner_id else "clinic")
            return self.get(practitioner_id)


hours_service = HoursService()


def _week_change(
    practitioner_id: UUID | None, ranges: Sequence[WeeklyRange], valid_from: date | None, valid_until: date | None
) -> HoursChange:
    if practitioner_id:
        return HoursChange(weekly=lambda held: replace_week(held, ranges, valid_from, valid_until))
    return HoursChange(opening=lambda held: replace_week(held, ranges, valid_from, valid_until))


def _lock_owner(practitioner_id: UUID | None, version: int | None) -> Practitioner | Clinic:
    owner: Practitioner | Clinic = (
        practitioner_service.lock(practitioner_id)
        if practitioner_id
        else db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
    )
    if version not in {None, owner.version}:
        raise StaleVersion
    return owner


def _check_week(ranges: Sequence[WeeklyRange], valid_from: date | None, valid_until: date | None) -> None:
    problems = week_problems([(one.weekday, one.starts, one.ends) for one in ranges])
    if problems:
        raise InvalidInput(
            next(iter(problems.values())),
            problems={"ranges": list(problems.values())},
        )
    if valid_from and valid_until and valid_until < valid_from:
        raise InvalidInput(ENDS_BEFORE_IT_BEGINS, field="valid_until")


def _check_rooms(ranges: Sequence[WeeklyRange]) -> None:
    wanted = {one.room_id for one in ranges if one.room_id}
    found = set(db.session.scalars(select(Room.id).where(Room.id.in_(wanted)))) if wanted else set()
    missing = [one for one in ranges if one.room_id and one.room_id not in found]
    if missing:
        texts = [
            f"{WEEKDAYS[one.weekday]} {range_text(one.starts, one.ends)}: there is no such room" for one in missing
        ]
        raise InvalidInput(texts[0], problems={"ranges": texts})


def _store(practitioner_id: UUID | None, ranges: Iterable[WeeklyRange]) -> bool:
    """Store the weekly hours of an owner; return whether that changes anything."""
    owned = WeeklyHours.practitioner_id == practitioner_id if practitioner_id else WeeklyHours.practitioner_id.is_(None)
    rows = {_key(row): row for row in db.session.scalars(select(WeeklyHours).where(owned))}
    wanted = {_key(one) for one in ranges}
    missing, surplus = wanted - rows.keys(), rows.keys() - wanted
    for key in sorted(missing, key=str):
        same_but_end = next((old for old in sorted(surplus, key=str) if old[:-1] == key[:-1]), None)
        if same_but_end:
            surplus.discard(same_but_end)
            rows[same_but_end].valid_until = key[-1]
        else:
            db.session.add(_row(practitioner_id, key))
    for key in surplus:
        db.session.delete(rows[key])
    return bool(missing or surplus)


def _key(one: WeeklyHours | WeeklyRange) -> _Key:
    return one.weekday, one.starts, one.ends, one.room_id, one.valid_from, one.valid_until


def _row(practitioner_id: UUID | None, key: _Key) -> WeeklyHours:
    names = ("weekday", "starts", "ends", "room_id", "valid_from", "valid_until")
    return WeeklyHours(practitioner_id=practitioner_id, **dict(zip(names, key, strict=True)))
