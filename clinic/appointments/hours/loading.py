"""Loading of hours as working time needs them: of many practitioners in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, CompoundSelect, and_, bindparam, literal, null, or_, select, union_all

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
from clinic.core.db.orm_session import prepared
from clinic.identity.clinics import clinic_service

_Weekly = dict[UUID | None, list[WeeklyRange]]

_WEEKLY, _CLOSURE = "weekly", "closure"
"""The kinds of the rows that are not exceptions, which have kinds of their own."""

_IDS: BindParameter[UUID] = bindparam("practitioner_ids", expanding=True)
_FIRST_DAY: BindParameter[date] = bindparam("first")
_LAST_DAY: BindParameter[date] = bindparam("last")

_ALL_WEEKLY = select(
    literal(_WEEKLY).label("kind"),
    WeeklyHours.practitioner_id,
    WeeklyHours.weekday.label("weekday"),
    WeeklyHours.valid_from.label("first_day"),
    WeeklyHours.valid_until.label("last_day"),
    WeeklyHours.starts.label("starts"),
    WeeklyHours.ends,
    WeeklyHours.room_id,
).where(or_(WeeklyHours.practitioner_id.is_(None), WeeklyHours.practitioner_id.in_(_IDS)))

_HAVE_WEEKLY = select(WeeklyHours.practitioner_id).where(WeeklyHours.practitioner_id.is_not(None))
_EXCEPTIONS = select(
    HoursException.kind,
    HoursException.practitioner_id,
    null(),
    HoursException.first_day,
    HoursException.last_day,
    HoursException.starts,
    HoursException.ends,
    HoursException.room_id,
).where(
    HoursException.practitioner_id.in_(_IDS),
    or_(
        and_(HoursException.first_day <= _LAST_DAY, HoursException.last_day >= _FIRST_DAY),
        and_(HoursException.kind != "leave", HoursException.practitioner_id.not_in(_HAVE_WEEKLY)),
    ),
)
"""The exceptions of some days.

All hours that are not weekly count for whether a practitioner has hours at all, so those of practitioners without
weekly hours are complete.
"""

_CLOSURES = select(
    literal(_CLOSURE),
    null(),
    null(),
    Closure.first_day,
    Closure.last_day,
    Closure.starts,
    Closure.ends,
    Closure.room_id,
).where(Closure.first_day <= _LAST_DAY, Closure.last_day >= _FIRST_DAY)

_UNORDERED: CompoundSelect[*tuple[Any, ...]] = union_all(_ALL_WEEKLY, _EXCEPTIONS, _CLOSURES)
_HOURS = prepared(_UNORDERED.order_by("weekday", "first_day", "starts"))
"""One statement for all of them, built once: that takes longer than executing it."""


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
    wanted = {"practitioner_ids": list(ids), "first": first_day, "last": last_day}
    for kind, owner, weekday, first, last, starts, ends, room_id in db.session.execute(_HOURS, wanted):
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
