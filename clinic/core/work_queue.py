"""Work queues in database tables: rows that are due are claimed, leased to one worker and retried after pauses."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from flask import Flask, current_app
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.transaction import write_transaction
from clinic.core.ids import new_id

Row = TypeVar("Row", bound=Base)

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
        return db.session.execute(self._next().order_by(None).with_only_columns(self.model.id)).first() is not None

    def claim(self) -> Row | None:
        """Lease the next due row to this process and return it, detached; None if there is none, or it shuts down.

        Rows with the fewest attempts come first, so that one that kills its worker delays no other.
        """
        while not is_stopping() and self.is_due():
            with write_transaction():
                row: Row | None = db.session.scalar(self._next().with_for_update(skip_locked=True))
                claimed = row is not None and self._lease(row)
            if row is None:
                break
            if claimed:
                db.session.expunge(row)  # it keeps its own lease, even if another worker takes over
                return row
        db.session.commit()
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
        pause, left = self.retry.pause_after(row.attempts), self._time_left(row)
        due_at = now() + (min(pause, left) if left > timedelta() else pause)
        self.finish(row, self.retry_state, **{self.due_at.key: due_at}, **values)

    def is_exhausted(self, row: Any) -> bool:
        """Return whether no attempt is left for a row."""
        return bool(row.attempts >= self.retry.attempts) and self._time_left(row) <= timedelta()

    def change(self, row: Row, **values: Any) -> None:
        """Change columns of a claimed row in the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        _set(self.claimed(row), values)

    def claimed(self, row: Any) -> Row:
        """Return a claimed row, locked, in the session of the open transaction.

        :raises LeaseLost: if it is not this process's any more
        """
        lease = self.model.lease if self.has_lease else self.model.attempts
        is_leased = (self.model.state.in_(self.open_states), lease == getattr(row, lease.key))
        query = select(self.model).where(self.model.id == row.id, *is_leased)
        held: Row | None = db.session.scalar(query.with_for_update())
        if held is None:
            raise LeaseLost
        return held

    def close_abandoned(self, row: Row) -> Mapping[str, Any] | None:
        """Return the values that close a row whose last worker died, None if it can be attempted again."""
        return {"state": self.failed_state} if self.is_exhausted(row) else None

    def _time_left(self, row: Any) -> timedelta:
        """Return how long a row is still attempted, however many attempts that takes."""
        if not self.retry.duration:
            return timedelta()
        left: timedelta = row.created_at + self.retry.duration - now()
        return left

    def _lease(self, row: Any) -> bool:
        """Lease a row and count the attempt; return False if it was closed instead."""
        closed = self.close_abandoned(row)
        if closed is None:
            state = {"state": self.leased_state} if self.leased_state else {}
            _set(row, self.new_lease() | {"attempts": row.attempts + 1} | state)
        else:
            _set(row, {**({"lease": None, "leased_until": None} if self.has_lease else {}), **closed})
        return closed is None

    def _next(self) -> Select[Any]:
        at = now()
        due = [self.model.state.in_(self.open_states), self.due_at <= at]
        if self.has_lease:
            due.append(or_(self.model.leased_until.is_(None), self.model.leased_until <= at))
        return select(self.model).where(*due).order_by(*self.order).limit(1)


def lease_end() -> datetime:
    """Return when a lease that begins now ends."""
    return now() + timedelta(seconds=current_app.config["LEASE_SECONDS"])


def stop_claiming(app: Flask) -> None:
    """Claim nothing more in this application: each worker ends after the row that it works on."""
    app.extensions[_STOPPING] = True


def is_stopping() -> bool:
    """Return whether this application claims nothing more."""
    return bool(current_app.extensions.get(_STOPPING))


def _set(row: Base, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
