"""The rows of planned messages: brought in line with a plan, inside an open unit of work."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import after_commit
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import QUEUED
from clinic.notifications.checks import CANCELLED, CHANGED, MOVED, NO_REMINDERS, NOT_MISSED, NOT_OPEN, PAST
from clinic.notifications.invoice_checks import NOT_ASKED, NOTHING_DUE
from clinic.notifications.models import SUPPRESSED, Notification
from clinic.notifications.planning_rules import Planned

SETTINGS = "the clinic's settings of messages were changed"
OTHER_DAY = "the day of the recall was changed"

OF_VISITS = (MOVED, CANCELLED, CHANGED, NOT_MISSED, PAST, NO_REMINDERS)
DROPPED = (*OF_VISITS, SETTINGS, OTHER_DAY, NOT_OPEN, NOTHING_DUE, NOT_ASKED)
"""Reasons for which a planned message is dropped that is planned again if the reason ceases."""


PlanQuery = tuple[Select[UUID], Mapping[str, Any]]
"""A query of records whose messages are to be planned, built once by `first_of`, and the values of its parameters."""


def first_of(query: Select[UUID]) -> Select[UUID]:
    """Return the query of the first `most` records, to be kept as a constant: a worker executes it every minute."""
    return prepared(query.limit(bindparam("most")))


class PlannedRows:
    """The messages of one kind about one record, which the caller has locked; `about_at` is when that is now."""

    def __init__(self, kind: str, patient_id: UUID, about_id: UUID, *, version: int, about_at: datetime) -> None:
        self.kind, self.patient_id, self.about_id = kind, patient_id, about_id
        self.version, self.about_at = version, about_at
        self.rows = _locked_rows(kind, about_id)

    @property
    def standing(self) -> Sequence[Notification]:
        """The messages that were planned for the present time of the record."""
        return [row for row in self.rows if row.about_at == self.about_at]

    def keep(self, plan: Mapping[int, Planned], settings_version: int, *, otherwise: str) -> None:
        """Let the queued messages that a plan has wait for its times; drop the others, for the given reason.

        A message that is late keeps the time of its next attempt, unless the clock was wrong when that was set.
        """
        for row in [row for row in self.rows if row.state == QUEUED]:
            if row.about_at != self.about_at:
                _drop(row, MOVED if self.kind != "recall" else OTHER_DAY)
            elif (planned := plan.get(row.offset_minutes)) is None:
                _drop(row, otherwise)
            elif planned.reason:
                _drop(row, planned.reason)
            else:
                row.settings_version = settings_version
                _wait_for(row, planned.due_at)

    def add(self, plan: Mapping[int, Planned], settings_version: int, *, suppressed: str | None = None) -> None:
        """Queue the messages of a plan that there are not yet; one that was dropped is queued again."""
        known = {row.offset_minutes for row in self.standing if not was_dropped(row)}
        for offset, planned in plan.items():
            if offset not in known:
                self._queue(offset, planned.due_at, suppressed or planned.reason, settings_version)

    @property
    def is_of_other_version(self) -> bool:
        """Whether a message was planned for the present time of the record, but for another version of it."""
        counted = [row for row in self.standing if not was_dropped(row)]
        return bool(counted) and all(row.about_version != self.version for row in counted)

    def follow_version(self, reason: str) -> None:
        """Let the queued message be about the present version; if it was sent, record why there is no other one."""
        queued = [row for row in self.standing if row.state == QUEUED]
        for row in queued:
            row.about_version = self.version
        if not queued:
            self._queue(0, now(), reason, None)

    def _queue(self, offset: int, due_at: datetime, reason: str | None, settings_version: int | None) -> None:
        same = (row for row in self.rows if (row.about_version, row.offset_minutes) == (self.version, offset))
        row = next(same, None)
        if row is None:
            row = Notification(patient_id=self.patient_id, kind=self.kind, about_id=self.about_id)
            row.about_version, row.offset_minutes = self.version, offset
            db.session.add(row)
        elif not was_dropped(row):
            return
        row.about_at, row.settings_version = self.about_at, settings_version
        row.state, row.reason, row.due_at = SUPPRESSED if reason else QUEUED, reason, due_at
        row.created_at, row.attempts, row.handed_over = now(), 0, False
        if not reason and due_at <= now():
            after_commit(wake_worker)


def was_dropped(row: Any) -> Any:
    """Return whether a planned message was dropped and can be planned again: of a row, or as an SQL condition."""
    if isinstance(row, Notification):
        return row.state == SUPPRESSED and row.reason in DROPPED
    return (row.state == SUPPRESSED) & row.reason.in_(DROPPED)


_LOCKED = prepared(
    select(Notification)
    .where(Notification.kind == bindparam("kind"), Notification.about_id == bindparam("about"))
    .order_by(Notification.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _locked_rows(kind: str, about_id: UUID) -> Sequence[Notification]:
    return db.session.scalars(_LOCKED, {"kind": kind, "about": about_id}).all()


def _wait_for(row: Notification, due_at: datetime) -> None:
    is_misjudged = row.attempted_at is not None and row.attempted_at > now()
    if row.due_at != due_at and (due_at > now() or is_misjudged):
        row.due_at = due_at


def _drop(row: Notification, reason: str) -> None:
    row.state, row.reason = SUPPRESSED, reason


__all__ = ["DROPPED", "MOVED", "OTHER_DAY", "SETTINGS", "PlanQuery", "PlannedRows", "first_of", "was_dropped"]
