"""Queues of mail: rows of a module's own table, each of which becomes one mail."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from clinic.core.bulk_update import RowUpdate
from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.inserts import inserted_together
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import after_commit
from clinic.core.mail.message import Mail
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import LeaseLost, RetryPolicy, WorkQueue, due_values, has_no_lease, set_columns

QUEUED, SENT, FAILED, UNKNOWN = "queued", "sent", "failed", "unknown"

RETRY = RetryPolicy(
    attempts=12, first_pause=timedelta(seconds=10), longest_pause=timedelta(hours=4), duration=timedelta(days=2)
)
"""Two days, deliberately shorter than the four to five of RFC 5321, section 4.5.4.1."""

MOST_ATTEMPTS = 40
"""A mail with more attempts than an unreachable mail server causes in two days must have ended its worker each time."""

Row = TypeVar("Row", bound=Base)


class NotToBeSent(Exception):
    """A queued mail has lost its reason or its recipient."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MailQueue(WorkQueue[Row]):
    """A queue of mail; each `record_` method commits, and raises `LeaseLost` if another worker has claimed the row."""

    def change(self, row: Row, **values: Any) -> None:
        """Change columns of a claimed row in the open transaction; the row itself follows when that is committed.

        :raises LeaseLost: if it is not this process's any more
        """
        held: Any = row
        if not self._held_update.execute(row, values, row_lease=held.lease if self.has_lease else held.attempts):
            raise LeaseLost
        after_commit(partial(set_columns, row, values))

    def write(self, row: Row, values: Mapping[str, Any]) -> None:
        """Change columns of a due row, which the open transaction has locked, and detach it."""
        db.session.expunge(row)
        self._update.execute(row, values)
        set_columns(row, values)

    def due_clinics(self) -> Sequence[UUID]:
        """Return the clinics that have due mail in a clinic-scoped table."""
        return db.session.scalars(self._with_due_mail, due_values()).all()

    def is_due_in_any_clinic(self) -> bool:
        """Return whether a clinic has a due mail."""
        return bool(self.due_clinics())

    def record_and_claim(self, row: Row, record: Callable[[], None]) -> Row | None:
        """Record the outcome of a claimed mail by a function, and return the next due one, claimed, None without one.

        Both are one transaction; if no other mail can be claimed because of an error, the outcome is recorded alone. If
        the power fails before it is on the disk, the mail may have been sent as far as anybody knows.

        :raises LeaseLost: if another worker has claimed the mail
        """
        try:
            with unit_of_work(durable=False), inserted_together(db.session()):
                record()
                if (claimed := self.claim_next(after=row)) is not None:
                    self.read_ahead(claimed)
                return claimed
        except LeaseLost:
            raise
        except Exception:
            with suppress(LeaseLost):  # both may have been committed
                record()
            raise

    def record_handover(self, row: Row, mail: Mail) -> None:
        """Record that a mail server is about to accept the mail, and renew the lease.

        :raises NotToBeSent: if it is not to be sent any more
        """
        with unit_of_work():
            self.renew_lease(row, **self.handover_values(mail))
            self.check_relevance(row)

    def record_sent(self, row: Row, answer: str | None = None) -> None:
        """Record that the mail server has accepted the mail, and what it answered."""
        with unit_of_work():
            self.finish(row, SENT, sent_at=now(), **self.reason_values(None))

    def record_unknown(self, row: Row, reason: str) -> None:
        """Record that it is unknown whether the mail server has accepted the mail."""
        with unit_of_work():
            self.finish(row, UNKNOWN, **self.reason_values(reason))

    def record_failure(self, row: Row, reason: str, *, final: bool, answer: str | None = None) -> None:
        """Record why the mail was not accepted, what was answered, and when it is retried, if it is."""
        with unit_of_work():
            self.retry_or_fail(row, final=final, **self.reason_values(reason))

    def record_postponed(self, row: Row, reason: str, until: datetime) -> None:
        """Record that the mail waits until a time, as if it had not been attempted."""
        counted: Any = row
        with unit_of_work():
            waits = {self.due_at.key: until, "attempts": counted.attempts - 1}
            self.finish(row, self.retry_state, **waits, **self.reason_values(reason))

    def read_ahead(self, row: Row) -> None:
        """Read what it takes to write a mail that was claimed, in the same transaction; that saves another one."""

    def check_relevance(self, row: Row) -> None:
        """Check, in the open transaction, that a mail is still to be sent.

        :raises NotToBeSent: if it is not
        """

    def record_suppressed(self, row: Row, reason: str) -> None:
        """Record that the mail is not sent any more."""
        raise NotImplementedError

    def ends_its_worker(self, row: Row) -> bool:
        """Return whether a mail was attempted more often than failures of mail servers explain."""
        counted: Any = row
        return bool(counted.attempts >= MOST_ATTEMPTS)

    def handover_values(self, mail: Mail) -> dict[str, Any]:
        """Return the columns to change when a mail is handed over."""
        return {}

    def reason_values(self, reason: str | None) -> dict[str, Any]:
        """Return the columns to change to store a reason."""
        return {}

    @cached_property
    def _with_due_mail(self) -> Select[UUID]:
        """The query of the clinics that have due mail, built once."""
        mail, clinics = self.model.__table__.c, db.metadata.tables["clinics"].c
        due = select(mail.id).where(
            mail.clinic_id == clinics.id,
            mail.state.in_(self.open_states),
            mail.due_at <= bindparam("at"),
            has_no_lease(mail),
            *self.limits(mail),
        )
        return prepared(select(clinics.id).where(due.exists()).order_by(clinics.id))

    @cached_property
    def _held_update(self) -> RowUpdate:
        """The changes of a row that is leased to this process."""
        columns = self.model.__table__.c
        lease = columns.lease if self.has_lease else columns.attempts
        return RowUpdate(self.model, columns.state.in_(self.open_states), lease == bindparam("row_lease"))

    @cached_property
    def _update(self) -> RowUpdate:
        """The changes of a row that was locked."""
        return RowUpdate(self.model)
