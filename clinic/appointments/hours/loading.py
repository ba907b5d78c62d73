"""Loading of hours as working time needs them: of many practitioners in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, literal, null, or_, select, union_all

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

_WEEKLY, _CLOSURE = "weekly", "closure"
"""The kinds of the rows that are not exceptions, which have kinds of their own."""


def load_hours(
    practitioner_ids: Iterable[UUID], first_day: date, last_day: date
) -> tuple[ClinicHours, dict[UUID, PractitionerHours]]:
    """Return the hours of the clinic and of practitioners on some days, both included, in one query.

    Weekly hours are complete, exceptions and closures are those of the days.
    """
    ids = set(practitioner_ids)
    weekly: _Weekly = defaultdict(list)
    exceptions: dict[UUID, list[ExceptionRange]] = defaultdict(list)
    closures: list[ClosureRange] = []
    branches = (_weekly_of(ids), _exceptions_of(ids, first_day, last_day), _closures(first_day, last_day))
    rows = db.session.execute(union_all(*branches).order_by("weekday", "first_day", "starts"))
    for kind, owner, weekday, first, last, starts, ends, room_id in rows:
        if kind == _WEEKLY:
            weekly[owner].append(WeeklyRange(weekday, starts, ends, room_id, first, last))
        elif kind == _CLOSURE:
            closures.append(ClosureRange(first, last, starts, ends, room_id))
        else:
            exceptions[owner].append(ExceptionRange(cast("ExceptionKind", kind), first, last, starts, ends, room_id))
    clinic = ClinicHours(ZoneInfo(clinic_service.current().zone), tuple(weekly[None]), tuple(closures))
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


def _weekly_of(ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    return select(
        literal(_WEEKLY).label("kind"),
        WeeklyHours.practitioner_id,
        WeeklyHours.weekday.label("weekday"),
        WeeklyHours.valid_from.label("first_day"),
        WeeklyHours.valid_until.label("last_day"),
        WeeklyHours.starts.label("starts"),
        WeeklyHours.ends,
        WeeklyHours.room_id,
    ).where(or_(WeeklyHours.practitioner_id.is_(None), WeeklyHours.practitioner_id.in_(ids)))


def _exceptions_of(ids: Collection[UUID], first_day: date, last_day: date) -> Select[*tuple[Any, ...]]:
    """Select the exceptions of some days.

    All hours that are not weekly count for whether a practitioner has hours at all, so those of practitioners
    without weekly hours are complete.
    """
    on_days = and_(HoursException.first_day <= last_day, HoursException.last_day >= first_day)
    weekly = select(WeeklyHours.practitioner_id).where(WeeklyHours.practitioner_id.is_not(None))
    only_hours = and_(HoursException.kind != "leave", HoursException.practitioner_id.not_in(weekly))
    return select(
        HoursException.kind,
        HoursException.practitioner_id,
        null(),
        HoursException.first_day,
        HoursException.last_day,
        HoursException.starts,
        HoursException.ends,
        HoursException.room_id,
    ).where(HoursException.practitioner_id.in_(ids), or_(on_days, only_hours))


def _closures(first_day: date, last_day: date) -> Select[*tuple[Any, ...]]:
    return select(
        literal(_CLOSURE),
        null(),
        null(),
        Closure.first_day,
        Closure.last_day,
        Closure.starts,
        Closure.ends,
        Closure.room_id,
    ).where(Closure.first_day <= last_day, Closure.last_day >= first_day)
