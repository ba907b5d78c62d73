"""Which booked appointments fall outside hours that are to be changed, shown before the change is saved."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select

from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.slot_types import Room as RoomPlaces
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
from clinic.appointments.models import Appointment, Practitioner, Room, Service
from clinic.appointments.rules import BOOKED
from clinic.core.clock import day_bounds, now, wall_day
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.identity.clinics import clinic_service

_STILL_TO_COME = ("pending", BOOKED)
PROPOSED_AHEAD = timedelta(days=13)
"""How far from its day another time for an appointment is proposed."""

_REASONS = {"closed": "Closed", "leave": "Leave", "break": "Break"}

Interval = tuple[datetime, datetime]
Days = tuple[date | None, date | None]
"""A first and a last day, both included; None is no limit."""

Key = TypeVar("Key", bound=Hashable)

_Hours = tuple[ClinicHours, PractitionerHours]


@dataclass(frozen=True)
class Outside:
    """A booked appointment that falls outside the hours, and why: `After 13:00`; maybe other starts for it."""

    appointment: Appointment
    reason: str
    practitioner_name: str
    service_name: str | None
    room_places: int | None
    proposals: Sequence[datetime] = ()

    @property
    def room(self) -> RoomPlaces | None:
        """The room of the appointment."""
        room_id, places = self.appointment.room_id, self.room_places
        return None if room_id is None or places is None else RoomPlaces(room_id, places)


class AppointmentsOutside(Conflict):
    """Booked appointments fall outside the hours, and were not shown before saving."""

    code = "appointments-outside"

    def __init__(self, preview: "Preview", message: str = "", *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or preview.text, details=details)
        self.preview = preview


@dataclass(frozen=True)
class Preview:
    """The booked appointments that a change of hours leaves outside, in the order of their starts.

    The hours are those before the change, until a fortnight after the last appointment.
    """

    outside: Sequence[Outside] = ()
    change: "HoursChange | None" = None
    hours: tuple[ClinicHours, Mapping[UUID, PractitionerHours]] | None = None

    @property
    def booked(self) -> bool:
        """Whether anything is booked on the days of the change."""
        return self.hours is not None

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


def preview_change(change: HoursChange, spans: Iterable[Days], *, practitioner_id: UUID | None = None) -> Preview:
    """Return the appointments to come, of a practitioner or of all, that are within the hours before the change only.

    The spans are those on which the change matters.
    """
    zone = clinic_service.current().zone
    booked = _booked(practitioner_id, spans, zone)
    if not booked:
        return Preview()
    days = sorted({wall_day(at, zone) for one, *_ in booked for at in (one.starts_at, one.ends_at)})
    until = days[-1] + PROPOSED_AHEAD + timedelta(days=1)
    clinic, hours = load_hours({one.practitioner_id for one, *_ in booked}, days[0], until)
    checks = {one: _Check.of(change, clinic, hours[one], days) for one in hours}
    reasons = ((row, checks[row[0].practitioner_id].reason(row[0])) for row in booked)
    outside = [Outside(row[0], reason, row[1], row[2], row[3]) for row, reason in reasons if reason]
    return Preview(outside, change, (clinic, hours))


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
    practitioner_id: UUID | None, spans: Iterable[Days], zone: str
) -> Sequence[Row[Appointment, str, str | None, int | None]]:
    """Return the appointments to come on some days by their starts, with names and the places of the room."""
    wanted = (
        select(Appointment, Practitioner.name, Service.name, Room.places)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(_to_come(), or_(*(_during(span, zone) for span in spans)))
    )
    if practitioner_id:
        wanted = wanted.where(Appointment.practitioner_id == practitioner_id)
    return db.session.execute(wanted.order_by(Appointment.starts_at, Appointment.id)).all()


def _during(days: Days, zone: str) -> ColumnElement[bool]:
    """Return the condition of being on some days, and not over yet."""
    first, last = days
    since = max(now(), day_bounds(first, zone)[0]) if first else now()
    condition = Appointment.ends_at > since
    return and_(condition, Appointment.starts_at < day_bounds(last, zone)[1]) if last else condition


def _to_come() -> ColumnElement[bool]:
    return Appointment.status.in_(_STILL_TO_COME)
