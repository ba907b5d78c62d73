"""Loading of hours as working time needs them: of many practitioners in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select

from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    ExceptionKind,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
)
from clinic.appointments.models import Closure, HoursException, WeeklyHours
from clinic.core.db import db
from clinic.identity.clinics import clinic_service

_Weekly = dict[UUID | None, list[WeeklyRange]]


def load_hours(
    practitioner_ids: Iterable[UUID], first_day: date, last_day: date
) -> tuple[ClinicHours, dict[UUID, PractitionerHours]]:
    """Return the hours of the clinic and of practitioners on some days, both included, in four queries.

    Weekly hours are complete, exceptions and closures are those of the days.
    """
    ids = set(practitioner_ids)
    weekly, exceptions = load_weekly(ids), _exceptions_of(ids, first_day, last_day)
    clinic = ClinicHours(ZoneInfo(clinic_service.current().zone), tuple(weekly[None]), _closures(first_day, last_day))
    return clinic, {one: PractitionerHours(one, tuple(weekly[one]), tuple(exceptions[one])) for one in ids}


def load_weekly(practitioner_ids: Iterable[UUID]) -> _Weekly:
    """Return the weekly hours of practitioners by their id, and the opening hours under None."""
    columns = (
        WeeklyHours.practitioner_id,
        WeeklyHours.weekday,
        WeeklyHours.starts,
        WeeklyHours.ends,
        WeeklyHours.room_id,
        WeeklyHours.valid_from,
        WeeklyHours.valid_until,
    )
    wanted = or_(WeeklyHours.practitioner_id.is_(None), WeeklyHours.practitioner_id.in_(list(practitioner_ids)))
    ordered = select(*columns).where(wanted).order_by(WeeklyHours.weekday, WeeklyHours.starts)
    found: _Weekly = defaultdict(list)
    for owner, weekday, starts, ends, room_id, valid_from, valid_until in db.session.execute(ordered):
        found[owner].append(WeeklyRange(weekday, starts, ends, room_id, valid_from, valid_until))
    return found


def _exceptions_of(ids: Iterable[UUID], first_day: date, last_day: date) -> dict[UUID, list[ExceptionRange]]:
    """Return the exceptions of some days by practitioner.

    All hours that are not weekly count for whether a practitioner has hours at all, so those of practitioners
    without weekly hours are complete.
    """
    columns = (
        HoursException.practitioner_id,
        HoursException.kind,
        HoursException.first_day,
        HoursException.last_day,
        HoursException.starts,
        HoursException.ends,
        HoursException.room_id,
    )
    on_days = and_(HoursException.first_day <= last_day, HoursException.last_day >= first_day)
    weekly = select(WeeklyHours.practitioner_id).where(WeeklyHours.practitioner_id.is_not(None))
    only_hours = and_(HoursException.kind != "leave", HoursException.practitioner_id.not_in(weekly))
    wanted = select(*columns).where(HoursException.practitioner_id.in_(list(ids)), or_(on_days, only_hours))
    found: dict[UUID, list[ExceptionRange]] = defaultdict(list)
    ordered = wanted.order_by(HoursException.first_day, HoursException.starts)
    for owner, kind, first, last, starts, ends, room_id in db.session.execute(ordered):
        found[owner].append(ExceptionRange(cast("ExceptionKind", kind), first, last, starts, ends, room_id))
    return found


def _closures(first_day: date, last_day: date) -> tuple[ClosureRange, ...]:
    columns = (Closure.first_day, Closure.last_day, Closure.starts, Closure.ends, Closure.room_id)
    on_days = (Closure.first_day <= last_day, Closure.last_day >= first_day)
    ordered = select(*columns).where(*on_days).order_by(Closure.first_day, Closure.starts)
    return tuple(ClosureRange(*values) for values in db.session.execute(ordered))
