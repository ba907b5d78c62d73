"""The log of messages: filters, counts that stay quick with many messages, and whether the mail server answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT
from clinic.core.mail.errors import UNREACHABLE
from clinic.core.mail.queue import FAILED, QUEUED, SENT, UNKNOWN
from clinic.notifications.models import ANOTHER_CHANNEL, SENDING, SUPPRESSED, Notification, NotificationAttempt

MOST_COUNTED = 10_000

WAITING = "waiting"
"""A filter: queued or being sent."""

GROUPS: Mapping[str, Sequence[str]] = {
    SENT: (SENT,),
    WAITING: (QUEUED, SENDING),
    FAILED: (FAILED,),
    UNKNOWN: (UNKNOWN,),
    SUPPRESSED: (SUPPRESSED,),
}
"""The states that are counted together, by the name of the group."""

EMAIL = "email"

BEFORE = "before"
"""Begins the key of a page that ends before a row."""

Key = tuple[Any, ...]

_ORDER = (Notification.due_at, Notification.id)

_SORTED = (func.coalesce(Notification.due_at, Notification.created_at), Notification.id)
"""The same order, but of no index, which SQLite would read to its end to find the few rows that were chosen."""


class LogFilters(TypedDict, total=False):
    """Filters of the log; a missing one, or None, matches every message.

    A message is to one of `patient_ids`, and due `since` and `before`.
    """

    state: str | None
    kind: str | None
    channel: str | None
    patient_id: UUID | None
    patient_ids: Collection[UUID] | None
    about_id: UUID | None
    since: datetime | None
    before: datetime | None


@dataclass(frozen=True)
class LogPage:
    """Some messages of the log, the latest first, and the keys of the pages after and before them."""

    rows: Sequence[Notification]
    next_key: Key | None
    previous_key: Key | None = None


@dataclass(frozen=True)
class Outage:
    """The mail server does not answer: since when, how many messages wait, and since when the oldest does."""

    since: datetime
    waiting: int
    oldest: datetime | None


class MessageLog:
    """The messages of the current clinic in the order in which they are due, the latest first."""

    def list(self, *, limit: int = DEFAULT_LIMIT, after: Key | None = None, **filters: Unpack[LogFilters]) -> LogPage:
        """Return messages, the latest first, page by page in both directions."""
        is_back = bool(after) and after is not None and after[0] == BEFORE
        position = after[1:] if is_back and after else after
        order = _in_direction(_ORDER, is_back=is_back)
        conditions = [*_conditions({**filters, "state": None}), *_beyond(position, is_back=is_back)]
        rows = select(Notification).where(*conditions).order_by(*order).limit(limit + 1)
        if states := _states_to_read(filters):
            first = union_all(*(_ids_of_state(rows, state) for state in states))
            order = _in_direction(_SORTED, is_back=is_back)
            rows = select(Notification).where(Notification.id.in_(first)).order_by(*order).limit(limit + 1)
        return _page(db.session.scalars(rows).all(), limit, is_back=is_back, is_first=position is None)

    def counts(self, **filters: Unpack[LogFilters]) -> Mapping[str, int]:
        """Return how many messages are in each group of states, at most one more than `MOST_COUNTED`, in one query.

        A filter by state is left out, so that the counts stay those of the other filters.
        """
        others: LogFilters = {**filters, "state": None}
        counted = [_some(others, group).label(group) for group in GROUPS]
        return dict(db.session.execute(select(*counted)).one()._mapping)

    def count_planned(self, until: datetime) -> int:
        """Return how many messages wait that are due before a time, at most one more than `MOST_COUNTED`."""
        due = (Notification.state == QUEUED, Notification.due_at < until)
        some = select(Notification.id).where(*due).limit(MOST_COUNTED + 1)
        return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0

    def others_about(self, message: Notification, *, limit: int) -> Sequence[Notification]:
        """Return the other messages about the same record, the latest first."""
        same = (Notification.about_id == message.about_id, Notification.id != message.id)
        return db.session.scalars(select(Notification).where(*same).order_by(Notification.id.desc()).limit(limit)).all()

    def about(self, record_id: UUID, *, limit: int) -> Sequence[Notification]:
        """Return the messages about a record, the latest first."""
        wanted = select(Notification).where(Notification.about_id == record_id).order_by(Notification.id.desc())
        return db.session.scalars(wanted.limit(limit)).all()

    def latest(self, kind: str, about_id: UUID, channel: str) -> Notification | None:
        """Return the latest message of a kind about a record by a channel, None without one."""
        same = (Notification.kind == kind, Notification.channel == channel, Notification.about_id == about_id)
        wanted = select(Notification).where(*same).order_by(Notification.id.desc()).limit(1)
        found: Notification | None = db.session.scalar(wanted)
        return found

    def neighbours(self, message: Notification) -> tuple[UUID | None, UUID | None]:
        """Return the ids of the messages before and after one in the log, in one query."""
        key, here = tuple_(Notification.due_at, Notification.id), _key(message)
        types = [Notification.due_at.type, Notification.id.type]
        before = select(Notification.id).where(key < tuple_(*here, types=types))
        after = select(Notification.id).where(key > tuple_(*here, types=types))
        latest = before.order_by(Notification.due_at.desc(), Notification.id.desc()).limit(1)
        next_one = after.order_by(Notification.due_at, Notification.id).limit(1)
        found = db.session.execute(select(latest.scalar_subquery(), next_one.scalar_subquery())).one()
        return found[0], found[1]

    def outage(self) -> Outage | None:
        """Return since when the mail server has not answered, None if it answered the last attempt."""
        ended = select(NotificationAttempt).where(NotificationAttempt.ended_at.is_not(None))
        last = db.session.scalar(ended.order_by(NotificationAttempt.ended_at.desc()).limit(1))
        if last is None or not (last.answer or "").startswith(UNREACHABLE):
            return None
        return Outage(_unreachable_since(last), *_waiting())


message_log = MessageLog()


def _waiting() -> tuple[int, datetime | None]:
    """Return how many emails wait that are due or were attempted, and since when the oldest does, in one query."""
    tried = (Notification.state.in_(GROUPS[WAITING]), Notification.channel == "email", Notification.attempts > 0)
    overdue = (Notification.state == QUEUED, Notification.channel == "email", Notification.attempts == 0)
    some = union_all(
        select(Notification.created_at).where(*tried).limit(MOST_COUNTED).subquery().select(),
        select(Notification.created_at)
        .where(*overdue, Notification.due_at <= now())
        .limit(MOST_COUNTED)
        .subquery()
        .select(),
    ).subquery()
    counted, oldest = db.session.execute(select(func.count(), func.min(some.c.created_at))).one()
    return counted, oldest


def _unreachable_since(last: NotificationAttempt) -> datetime:
    """Return when the first attempt ended of those that no mail server has answered since it answered one."""
    ended, answer = NotificationAttempt.ended_at, func.coalesce(NotificationAttempt.answer, "")
    answered = select(ended).where(ended.is_not(None), ~answer.startswith(UNREACHABLE)).order_by(ended.desc()).limit(1)
    silent = select(func.min(ended)).where(answer.startswith(UNREACHABLE))
    since = db.session.scalar(answered)
    return db.session.scalar(silent.where(ended > since) if since else silent) or last.ended_at or now()


def _states(state: str | None) -> Sequence[str]:
    """Return the states of a group, or the one state; none if every state matches."""
    return GROUPS.get(state, (state,)) if state else ()


def _states_to_read(filters: LogFilters) -> Sequence[str]:
    """Return the states that are read one by one: those of the filter, or all of a channel with an index of its own."""
    if _is_other_channel(filters):
        return _states(filters.get("state")) or [state for group in GROUPS.values() for state in group]
    return _states(filters.get("state"))


def _is_other_channel(filters: LogFilters) -> bool:
    return filters.get("channel") not in {None, "", EMAIL}


def _ids_of_state(rows: Select[Any], state: str) -> Select[Any]:
    """Select the ids of the first of ordered rows that are in a state; an index has the order within one state only."""
    return rows.where(Notification.state == state).with_only_columns(Notification.id).subquery().select()


def _in_direction(order: Sequence[Any], *, is_back: bool) -> Sequence[Any]:
    return [one.asc() if is_back else one.desc() for one in order]


def _beyond(position: Key | None, *, is_back: bool) -> Sequence[ColumnElement[bool]]:
    """Return the condition of the rows beyond a position in the log, none without one."""
    if not position:
        return ()
    key, here = tuple_(*_ORDER), tuple_(*position, types=[column.type for column in _ORDER])
    return (key > here if is_back else key < here,)


def _some(filters: LogFilters, group: str) -> Any:
    """Return how many messages of a group match, as an expression that reads at most one more than `MOST_COUNTED`."""
    conditions = (*_conditions(filters), Notification.state.in_(GROUPS[group]))
    some = select(Notification.id).where(*conditions).limit(MOST_COUNTED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _conditions(filters: LogFilters) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state := filters.get("state"):
        conditions.append(Notification.state.in_(_states(state)))
    equal = {"kind": Notification.kind, "channel": Notification.channel}
    ids = {"patient_id": Notification.patient_id, "about_id": Notification.about_id}
    conditions += [column == value for name, column in (equal | ids).items() if (value := filters.get(name))]
    if _is_other_channel(filters):
        conditions.append(ANOTHER_CHANNEL)
    if (patient_ids := filters.get("patient_ids")) is not None:
        conditions.append(Notification.patient_id.in_(patient_ids))
    if since := filters.get("since"):
        conditions.append(Notification.due_at >= since)
    if before := filters.get("before"):
        conditions.append(Notification.due_at < before)
    return conditions


def _page(found: Sequence[Notification], limit: int, *, is_back: bool, is_first: bool) -> LogPage:
    rows = found[:limit]
    rows, has_more = (rows[::-1] if is_back else rows), len(found) > limit
    if not rows:
        return LogPage(rows, None, None)
    has_next, has_previous = (True, has_more) if is_back else (has_more, not is_first)
    return LogPage(rows, _key(rows[-1]) if has_next else None, (BEFORE, *_key(rows[0])) if has_previous else None)


def _key(message: Notification) -> Key:
    return message.due_at, message.id
