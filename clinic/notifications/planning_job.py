"""The periodic job that plans messages: right with any number of workers, and at whatever time it runs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select

from clinic.appointments.service import Appointment
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.checks import AHEAD_STATES, NO_SHOW
from clinic.notifications.kinds import KINDS
from clinic.notifications.mail_queue import planned_time
from clinic.notifications.models import Notification
from clinic.notifications.payment_planning import invoices_to_plan, plan_payment_reminders
from clinic.notifications.planned_rows import PlanQuery, first_of, was_dropped
from clinic.notifications.planning import HORIZON, plan_visit
from clinic.notifications.recall_planning import plan_recall, unplanned_recalls
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.patients.service import Recall

BATCH = 100
"""The most records of one sort that one run plans in a clinic; the job is repeated until there are none."""

SLACK = timedelta(minutes=1)
"""Clocks of several machines may differ by so much."""

_PLANNED = tuple(kind.name for kind in KINDS.values() if kind.waits_for_morning)


def plan_due() -> int:
    """Plan what is not planned, or not as it is now, in every clinic; return how many records were looked at."""
    found = 0
    for clinic in clinic_service.list():
        with clinic_scope(clinic.id):
            found += _plan_batch()
    return found


def plan_clinic() -> int:
    """Plan all that is not planned, or not as it is now, in the current clinic; return how many records that were."""
    done = 0
    while found := _plan_batch():
        done += found
    return done


def _plan_batch() -> int:
    settings, at = settings_service.get(), now()
    visits = dict.fromkeys(id_ for query, values in _visits_to_plan(settings) for id_ in _first(query, values))
    recalls = dict.fromkeys(id_ for query, values in _recalls_to_plan(settings) for id_ in _first(query, values))
    invoices = dict.fromkeys(id_ for query, values in invoices_to_plan(settings) for id_ in _first(query, values))
    db.session.commit()
    for id_ in invoices:
        plan_payment_reminders(id_, since=at)
    for id_ in visits:
        plan_visit(id_, since=at)
    for id_ in recalls:
        plan_recall(id_)
    return len(visits) + len(recalls) + len(invoices) + _make_due_again()


def _first(query: Select[UUID], values: Mapping[str, Any]) -> Sequence[UUID]:
    return db.session.scalars(query, {**values, "most": BATCH}).all()


def _visits_to_plan(settings: MessageSettings) -> Iterator[PlanQuery]:
    """Yield the queries of appointments whose messages are planned for another state, or not at all."""
    yield _VISITS_PLANNED_OTHERWISE, {"version": settings.version}
    own = settings.service_reminders
    for offset in settings.reminder_offsets:
        yield _UNPLANNED_VISITS_OF_OTHERS, _due_from_now(offset) | {"services": list(own)}
    for offset in {offset for offsets in own.values() for offset in offsets}:
        yield _UNPLANNED_VISITS_OF, _due_from_now(offset) | {"services": [id_ for id_ in own if offset in own[id_]]}


def _due_from_now(offset: int) -> dict[str, Any]:
    """Return the values of the query of visits whose reminder, some minutes before, is due from now on."""
    first = now() + timedelta(minutes=offset)
    return {"offset": offset, "after": first, "until": first + HORIZON}


def _unplanned_visits(of_services: ColumnElement[bool]) -> Select[UUID]:
    """Select the appointments of services whose reminder is due from now on and not planned."""
    starts_at = Appointment.starts_at
    ahead = (Appointment.status.in_(AHEAD_STATES), starts_at > bindparam("after"), starts_at <= bindparam("until"))
    planned = select(Notification.id).where(
        Notification.kind == "reminder",
        Notification.about_id == Appointment.id,
        Notification.offset_minutes == bindparam("offset"),
        Notification.about_at == Appointment.starts_at,
        ~was_dropped(Notification),
    )
    return first_of(select(Appointment.id).where(*ahead, of_services, ~planned.exists()).order_by(starts_at))


def _visits_planned_otherwise() -> Select[UUID]:
    """Select the appointments with a queued message that was planned for another time, state or settings."""
    reminds, missed = Notification.kind == "reminder", Notification.kind == "missed"
    differs = or_(
        Notification.about_at != Appointment.starts_at,
        Notification.settings_version != bindparam("version"),
        and_(reminds, Appointment.status.not_in(AHEAD_STATES)),
        and_(missed, Appointment.status != NO_SHOW),
    )
    queued = (Notification.state == QUEUED, or_(reminds, missed), Appointment.id == Notification.about_id)
    found = select(Appointment.id).join(Notification, and_(*queued)).where(differs)
    return first_of(found.order_by(Notification.due_at))


_SERVICES: BindParameter[Any] = bindparam("services", expanding=True)
_VISITS_PLANNED_OTHERWISE = _visits_planned_otherwise()
_UNPLANNED_VISITS_OF = _unplanned_visits(Appointment.service_id.in_(_SERVICES))
_UNPLANNED_VISITS_OF_OTHERS = _unplanned_visits(
    or_(Appointment.service_id.is_(None), Appointment.service_id.not_in(_SERVICES))
)


def _recalls_to_plan(settings: MessageSettings) -> Iterator[PlanQuery]:
    """Yield the queries of recalls whose message is planned for another state, or not at all."""
    yield _RECALLS_PLANNED_OTHERWISE, {"version": settings.version}
    yield unplanned_recalls()


def _recalls_planned_otherwise() -> Select[UUID]:
    of_recall = and_(Notification.kind == "recall", Notification.state == QUEUED, Notification.about_id == Recall.id)
    differs = or_(
        Notification.about_version != Recall.version,
        Notification.settings_version != bindparam("version"),
        Recall.state != "open",
    )
    return first_of(select(Recall.id).join(Notification, of_recall).where(differs).order_by(Notification.due_at))


_RECALLS_PLANNED_OTHERWISE = _recalls_planned_otherwise()


def _make_due_again() -> int:
    """Make messages due again that wait for a time which was set while the clock was fast; return how many.

    A planned one, whose time was set from the clock only if it was attempted, is due when it was planned for, or now.
    """
    at = now()
    is_planned = Notification.kind.in_(_PLANNED)
    fast = or_(and_(~is_planned, Notification.created_at > at + SLACK), Notification.attempted_at > at + SLACK)
    waiting = (Notification.state == QUEUED, Notification.due_at > at, fast)
    misjudged = select(Notification).where(*waiting).order_by(Notification.id).limit(BATCH)
    if db.session.scalar(misjudged.with_only_columns(Notification.id)) is None:
        return 0
    with unit_of_work():
        rows = db.session.scalars(misjudged.with_for_update(skip_locked=True)).all()
        for row in rows:
            row.due_at, row.attempted_at = max(at, planned_time(row) or at), None
    return len(rows)
