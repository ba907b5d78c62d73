"""How messages are going, in a few numbers that stay quick with many messages."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from clinic.core.clock import day_bounds, now, today
from clinic.core.db import db
from clinic.core.mail.queue import FAILED, QUEUED, SENT, UNKNOWN
from clinic.identity.clinics import clinic_service
from clinic.notifications.log import GROUPS, MOST_COUNTED, WAITING
from clinic.notifications.models import SUPPRESSED, Notification

DAYS = 7


@dataclass(frozen=True)
class LogSummary:
    """Messages of the current clinic, each number at most one more than `MOST_COUNTED`.

    `waiting` are due, the oldest since `oldest`; `sent` and `suppressed` since the start of the day `since`, as far as
    they were due; `reminders` are planned for tomorrow.
    """

    failed: int
    unknown: int
    waiting: int
    oldest: datetime | None
    reminders: int
    sent: int
    suppressed: int
    since: date


def log_summary() -> LogSummary:
    """Return how messages are going: those of the last seven days, what waits and what goes out tomorrow."""
    zone = clinic_service.current().zone
    present, first = today(zone), today(zone) - timedelta(days=DAYS - 1)
    begins, tomorrow = day_bounds(first, zone)[0], day_bounds(present + timedelta(days=1), zone)
    lately = (Notification.due_at >= begins, Notification.due_at < tomorrow[0])
    due = (Notification.state.in_(GROUPS[WAITING]), Notification.due_at <= now())
    planned = (Notification.due_at >= tomorrow[0], Notification.due_at < tomorrow[1])
    found = db.session.execute(
        select(
            _count(Notification.state == FAILED).label("failed"),
            _count(Notification.state == UNKNOWN).label("unknown"),
            _count(*due).label("waiting"),
            select(func.min(Notification.due_at)).where(*due).scalar_subquery().label("oldest"),
            _count(Notification.state == QUEUED, Notification.kind == "reminder", *planned).label("reminders"),
            _count(Notification.state == SENT, *lately).label("sent"),
            _count(Notification.state == SUPPRESSED, *lately).label("suppressed"),
        )
    ).one()
    return LogSummary(**found._mapping, since=first)


def _count(*conditions: ColumnElement[bool]) -> Any:
    some = select(Notification.id).where(*conditions).limit(MOST_COUNTED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
