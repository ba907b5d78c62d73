"""Work queues in database tables: rows that are due are claimed, leased to one worker and retried after pauses."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import write_transaction
from clinic.core.ids import new_id

Row = TypeVar("Row", bound=Base)

NO_ROW = UUID(int=0)
"""The id of no row."""

_STOPPING = "clinic.stopping"


class LeaseLost(RuntimeError):
    """Another worker has claimed the row, or a person has changed its state."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long work is attempted, and how long the pauses are: growing by a factor, with jitter.

    Work is given up after a number of attempts, but not before its row is as old as `duration`.
    """

    attempts: int
    first_pause: timedelta
    factor: int = 2
    longest_pause: timedelta = timedelta(hours=6)
    duration: timedelta = timedelta()

    def pause_after(self, attempts: int) -> timedelta:
        """Return the pause after an attempt, with jitter from half to one and a half of it."""
        pause: timedelta = self.first_pause * self.factor ** min(attempts - 1, 20)
        jitter: float = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, hides nothing
        return min(min(pause, self.longest_pause) * jitter, self.longest_pause)


class WorkQueue(Generic[Row]):
    """The rows of a table with work to do; each has a `state` and counts its `attempts`.

    Rows in one of `open_states` are claimed when `due_at` is past and no lease runs. A table without the columns
    `lease` and `leased_until` uses the number of the attempt as the lease and `due_at` as its end.
    """

    def __init__(
        self,
        model: type[Row],
        *,
        open_states: Sequence[str],
        retry_state: str,
        failed_state: str,
        due_at: InstrumentedAttribute[datetime],
        order: Sequence[InstrumentedAttribute[Any]],
        retry: RetryPolicy,
        leased_state: str | None = None,
        has_lease: bool = True,
    ) -> None:
        self.model: Any = model
        self.open_states = open_states
        self.retry_state, self.failed_state, self.leased_state = retry_state, failed_state, leased_state
        self.due_at, self.order, self.retry = due_at, order, retry
        self.has_lease = has_lease

    def is_due(self) -> bool:
        """Return whether a row can be claimed; this only reads."""
        values = self._due_values(None)
        return any(db.session.scalar(due, values) is not None for due in self._is_due)

    def claim(self) -> Row | None:
        """Lease the next due row to this process and return it, detached; None if there is none, or it shuts down.

        Rows with the fewest attempts come first, so that one that kills its worker delays no other.
        """
        row: Row | None = None
        if not is_stopping() and self.is_due():
            with write_transaction(durable=False):
                row = self.claim_next()
        if row is None:
            db.session.commit()
        return row

    def claim_next(self, *, after: Row | None = None) -> Row | None:
        """Lease the next due row as `claim` does, in the open transaction; `after` is a row that it has changed.

        What else the transaction has changed is not flushed before.
        """
        while not is_stopping() and (row := self._first_due(after)) is not None:
            if self._lease(row):
                return row
        return None

    def label(self, row: Any) -> str:
        """Return the table and the id of a row, for log lines."""
        return f"table={self.model.__tablename__} id={row.id}"

    def new_lease(self) -> dict[str, Any]:
        """Return the values with which a row is leased to this process."""
        if self.has_lease:
            return {"lease": new_id(), "leased_until": lease_end()}
        return {self.due_at.key: lease_end()}

    def renew_lease(self, row: Row, **values: Any) -> None:
        """Extend the lease of a claimed row, and change other columns, in the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        self.change(row, **{"leased_until" if self.has_lease else self.due_at.key: lease_end()}, **values)

    def finish(self, row: Row, state: str, **values: Any) -> None:
        """Give a claimed row its state and end its lease, in the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        ended = {"lease": None, "leased_until": None} if self.has_lease else {}
        self.change(row, state=state, **ended, **values)

    def retry_or_fail(self, row: Any, *, final: bool = False, **values: Any) -> None:
        """Schedule another attempt after a pause; after the last one, or a `final` failure, mark the row as failed.

        The last attempt is made when the duration of the policy ends.

        :raises LeaseLost: if it is not this process's any more
        """
        if final or self.is_exhausted(row):
            self.finish(row, self.failed_state, **values)
            return
        pause, left = self.retry.pause_after(row.attempts), self.time_left(row)
        due_at = now() + (min(pause, left) if left > timedelta() else pause)
        self.finish(row, self.retry_state, **{self.due_at.key: due_at}, **values)

    def is_exhausted(self, row: Any) -> bool:
        """Return whether no attempt is left for a row."""
        return bool(row.attempts >= self.retry.attempts) and self.time_left(row) <= timedelta()

    def change(self, row: Row, **values: Any) -> None:
        """Change columns of a claimed row in the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        set_columns(self.claimed(row), values)

    def claimed(self, row: Any) -> Row:
        """Return a claimed row, locked, in the session of the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        lease = row.lease if self.has_lease else row.attempts
        held: Row | None = db.session.scalar(self._held, {"row_id": row.id, "row_lease": lease})
        if held is None:
            raise LeaseLost
        return held

    def close_abandoned(self, row: Row) -> Mapping[str, Any] | None:
        """Return the values that close a row whose last worker died, None if it can be attempted again."""
        return {"state": self.failed_state} if self.is_exhausted(row) else None

    def limits(self, columns: Any) -> Sequence[ColumnElement[bool]]:
        """Return conditions of the rows that are claimed, on the columns of the model or its table."""
        return ()

    def record_claim(self, row: Row, *, is_leased: bool, was_leased: bool) -> None:
        """Record, in the transaction of the claim, that a row was leased, or closed because its last worker died.

        `was_leased` is whether its state was that of a leased row.
        """

    def time_left(self, row: Any) -> timedelta:
        """Return how long a row is still attempted, however many attempts that takes."""
        if not self.retry.duration:
            return timedelta()
        left: timedelta = row.created_at + self.retry.duration - now()
        return left

    def write(self, row: Row, values: Mapping[str, Any]) -> None:
        """Change columns of a due row, which the open transaction has locked, and detach it.

        So it keeps its own lease, even if another worker takes over.
        """
        set_columns(row, values)
        db.session.flush()
        db.session.expunge(row)

    def _lease(self, row: Any) -> bool:
        """Lease a row and count the attempt; return False if it was closed instead."""
        was_leased = row.state == self.leased_state
        closed = self.close_abandoned(row)
        if closed is None:
            state = {"state": self.leased_state} if self.leased_state else {}
            values = self.new_lease() | {"attempts": row.attempts + 1} | state
        else:
            values = {**({"lease": None, "leased_until": None} if self.has_lease else {}), **closed}
        self.record_claim(row, is_leased=closed is None, was_leased=was_leased)
        self.write(row, values)
        return closed is None

    def _first_due(self, after: Any) -> Row | None:
        """Return the first due row, locked."""
        values = self._due_values(after)
        with db.session.no_autoflush:
            return next((row for due in self._first if (row := db.session.scalar(due, values)) is not None), None)

    @cached_property
    def _held(self) -> Select[Any]:
        """The query of a row that is leased to this process; queries that run for each row are built once."""
        lease = self.model.lease if self.has_lease else self.model.attempts
        is_open, is_mine = self.model.state.in_(self.open_states), lease == bindparam("row_lease")
        held = select(self.model).where(self.model.id == bindparam("row_id"), is_open, is_mine)
        return prepared(held.with_for_update())

    @cached_property
    def _is_due(self) -> Sequence[Select[Any]]:
        """The queries of the id of any due row."""
        return [due.with_only_columns(self.model.id) for due in self._due]

    @cached_property
    def _first(self) -> Sequence[Select[Any]]:
        """The queries of the first due row, locked."""
        return [due.order_by(*self.order).with_for_update(skip_locked=True) for due in self._due]

    @cached_property
    def _due(self) -> Sequence[Select[Any]]:
        """The queries of due rows: those that wait, then those whose worker died, so that they delay no other."""
        is_other = self.model.id != bindparam("other", type_=self.model.id.type)
        due = [is_other, self.due_at <= bindparam("at"), *self.limits(self.model)]
        if self.has_lease:
            due.append(has_no_lease(self.model))
        waiting = [state for state in self.open_states if state != self.leased_state]
        is_open = [self.model.state.in_(waiting)]
        if self.leased_state:
            is_open.append(self.model.state == self.leased_state)
        return [prepared(select(self.model).where(one, *due).limit(1)) for one in is_open]

    def _due_values(self, after: Any) -> dict[str, Any]:
        return due_values() | {"other": NO_ROW if after is None else after.id}


def has_no_lease(columns: Any) -> ColumnElement[bool]:
    """Return the condition, with `due_values`, that no worker has a row, on the columns of a model or its table.

    A lease that is longer than any was given while the clock was fast.
    """
    until = columns.leased_until
    return or_(until.is_(None), until <= bindparam("at"), until > bindparam("longest_lease"))


def due_values() -> dict[str, Any]:
    """Return the values of queries of due rows: the time, and when the longest lease ends that begins now."""
    at = now()
    return {"at": at, "longest_lease": at + 2 * timedelta(seconds=current_app.config["LEASE_SECONDS"])}


def lease_end() -> datetime:
    """Return when a lease that begins now ends."""
    return now() + timedelta(seconds=current_app.config["LEASE_SECONDS"])


def stop_claiming(app: Flask) -> None:
    """Claim nothing more in this application: each worker ends after the row that it works on."""
    app.extensions[_STOPPING] = True


def is_stopping() -> bool:
    """Return whether this application claims nothing more."""
    return bool(current_app.extensions.get(_STOPPING))


def set_columns(row: Base, values: Mapping[str, Any]) -> None:
    """Set columns of a row, in memory."""
    for name, value in values.items():
        setattr(row, name, value)
