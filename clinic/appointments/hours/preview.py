"""Which booked appointments fall outside hours that are to be changed, shown before the change is saved."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.span_index import SpanIndex
from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    DayPart,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
    room_closures,
    timetable,
    working_ranges,
)
from clinic.appointments.hours.loading import load_hours
from clinic.appointments.models import Appointment
from clinic.appointments.rules import BOOKED
from clinic.core.clock import day_bounds, now, wall_day
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.identity.clinics import clinic_service

_STILL_TO_COME = ("pending", BOOKED)
_REASONS = {"closed": "Closed", "leave": "Leave", "break": "Break"}

Interval = tuple[datetime, datetime]
Key = TypeVar("Key", date, UUID)

_Hours = tuple[ClinicHours, PractitionerHours]


@dataclass(frozen=True)
class Outside:
    """A booked appointment that falls outside the hours, and why: `After 13:00`; maybe other starts for it."""

    appointment: Appointment
    reason: str
    proposals: Sequence[datetime] = ()


class AppointmentsOutside(Conflict):
    """Booked appointments fall outside the hours, and were not shown before saving."""

    code = "appointments-outside"

    def __init__(self, preview: "Preview", message: str = "", *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or preview.text, details=details)
        self.preview = preview


@dataclass(frozen=True)
class Preview:
    """The booked appointments that a change of hours leaves outside, in the order of their starts."""

    outside: Sequence[Outside] = ()
    change: "HoursChange | None" = None

    @property
    def seal(self) -> str:
        """A text that is the same as long as the preview is; empty without appointments."""
        listed = ",".join(f"{one.appointment.id}:{one.appointment.version}" for one in self.outside)
        return sha256(listed.encode()).hexdigest()[:32] if listed else ""

    @property
    def text(self) -> str:
        """What the preview says, as one line."""
        if len(self.outside) == 1:
            return "1 booked appointment falls outside these hours"
        return f"{len(self.outside) or 'No'} booked appointments fall outside these hours"

    def require_seen(self, seal: str | None) -> None:
        """Refuse a change whose preview is not the one that was shown; None accepts any.

        :raises AppointmentsOutside: if it is another one
        """
        if seal is not None and seal != self.seal:
            for one in self.outside:
                db.session.expunge(one.appointment)  # it stays loaded when the refused unit of work is rolled back
            raise AppointmentsOutside(self)


@dataclass(frozen=True)
class HoursChange:
    """A change of hours, as functions from what is stored to what is wanted."""

    opening: Callable[[Sequence[WeeklyRange]], Iterable[WeeklyRange]] = tuple
    closures: Callable[[Sequence[ClosureRange]], Iterable[ClosureRange]] = tuple
    weekly: Callable[[Sequence[WeeklyRange]], Iterable[WeeklyRange]] = tuple
    exceptions: Callable[[Sequence[ExceptionRange]], Iterable[ExceptionRange]] = tuple

    def of(self, clinic: ClinicHours, practitioner: PractitionerHours) -> _Hours:
        """Return the changed hours."""
        return (
            replace(
                clinic, opening=tuple(self.opening(clinic.opening)), closures=tuple(self.closures(clinic.closures))
            ),
            replace(
                practitioner,
                weekly=tuple(self.weekly(practitioner.weekly)),
                exceptions=tuple(self.exceptions(practitioner.exceptions)),
            ),
        )


def preview_change(
    change: HoursChange, *, practitioner_id: UUID | None, first_day: date | None, last_day: date | None
) -> Preview:
    """Return the appointments to come, of a practitioner or of all, that are within the hours before the change only.

    The days are those on which the change matters, both included; None is no limit.
    """
    zone = clinic_service.current().zone
    booked = _booked(practitioner_id, first_day, last_day, zone)
    if not booked:
        return Preview()
    days = sorted({wall_day(at, zone) for one in booked for at in (one.starts_at, one.ends_at)})
    clinic, hours = load_hours({one.practitioner_id for one in booked}, days[0], days[-1])
    checks = {one: _Check.of(change, clinic, hours[one], days) for one in hours}
    reasons = ((one, checks[one.practitioner_id].reason(one)) for one in booked)
    return Preview([Outside(one, reason) for one, reason in reasons if reason], change)


def count_booked(during: Mapping[Key, tuple[Sequence[Interval], UUID | None]]) -> Mapping[Key, int]:
    """Return how many appointments to come overlap the intervals of each key, in its room if it has one."""
    every = [interval for intervals, _ in during.values() for interval in intervals]
    if not every:
        return dict.fromkeys(during, 0)
    since, until = max(now(), min(starts for starts, _ in every)), max(ends for _, ends in every)
    columns = (Appointment.id, Appointment.starts_at, Appointment.ends_at, Appointment.room_id)
    wanted = select(*columns).where(Appointment.starts_at < until, Appointment.ends_at > since, _to_come())
    booked = SpanIndex((row.starts_at, row.ends_at, row) for row in db.session.execute(wanted))
    return {
        key: len({row.id for interval in intervals for row in booked.during(*interval) if room in {None, row.room_id}})
        for key, (intervals, room) in during.items()
    }


@dataclass(frozen=True)
class _Check:
    """The hours of a practitioner before and after a change, on the days of their appointments."""

    before: "_Timetable"
    after: "_Timetable"

    @classmethod
    def of(cls, change: HoursChange, clinic: ClinicHours, hours: PractitionerHours, days: Sequence[date]) -> "_Check":
        return cls(_Timetable.of((clinic, hours), days), _Timetable.of(change.of(clinic, hours), days))

    def reason(self, appointment: Appointment) -> str | None:
        """Return why an appointment falls outside from now on, None if it does not, or did before."""
        return None if self.before.reason(appointment) else self.after.reason(appointment)


@dataclass(frozen=True)
class _Timetable:
    """The parts of a practitioner's days."""

    clinic: ClinicHours
    practitioner: PractitionerHours
    parts: SpanIndex[DayPart]

    @classmethod
    def of(cls, hours: _Hours, days: Sequence[date]) -> "_Timetable":
        return cls(*hours, timetable(*hours, days))

    def reason(self, appointment: Appointment) -> str | None:
        """Return why an appointment is not within the hours, None if it is."""
        for part in self.parts.during(appointment.starts_at, appointment.ends_at):
            if part.kind != "work":
                return _REASONS.get(part.kind) or self._beside_hours(appointment)
        return "Room closed" if self._room_is_closed(appointment) else None

    def _beside_hours(self, appointment: Appointment) -> str:
        zone = self.clinic.zone
        worked = working_ranges(self.clinic, self.practitioner, appointment.starts_at.astimezone(zone).date())
        if not worked:
            return "No hours on that day"
        if appointment.starts_at < worked[0].starts_at:
            return f"Before {worked[0].starts_at.astimezone(zone):%H:%M}"
        return f"After {worked[-1].ends_at.astimezone(zone):%H:%M}"

    def _room_is_closed(self, appointment: Appointment) -> bool:
        if appointment.room_id is None or not self.clinic.closures:
            return False
        first, last = (at.astimezone(self.clinic.zone).date() for at in (appointment.starts_at, appointment.ends_at))
        closed = room_closures(self.clinic, appointment.room_id, days_between(first, last))
        return any(span.starts_at < appointment.ends_at and span.ends_at > appointment.starts_at for span in closed)


def _booked(
    practitioner_id: UUID | None, first_day: date | None, last_day: date | None, zone: str
) -> Sequence[Appointment]:
    """Return the appointments to come on some days, in the order of their starts."""
    since = max(now(), day_bounds(first_day, zone)[0]) if first_day else now()
    wanted = select(Appointment).where(_to_come(), Appointment.ends_at > since)
    if last_day:
        wanted = wanted.where(Appointment.starts_at < day_bounds(last_day, zone)[1])
    if practitioner_id:
        wanted = wanted.where(Appointment.practitioner_id == practitioner_id)
    return db.session.scalars(wanted.order_by(Appointment.starts_at, Appointment.id)).all()


def _to_come() -> ColumnElement[bool]:
    return Appointment.status.in_(_STILL_TO_COME)
