"""The database and the one way to change it: a unit of work."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import SessionTransaction

from clinic.core.context import Actor, current_actor
from clinic.core.db import db
from clinic.core.db.engine import WRITING, is_in_transaction
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.orm_session import ClinicSession, UnitOfWorkOpen
from clinic.core.events import collecting, current_depth, is_too_deep
from clinic.core.events.types import validate_event
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.tenancy import clinic_pinned, current_clinic_id_or_none

_log = getLogger("clinic.database")


@dataclass(frozen=True)
class CollectedEvent:
    """An event that a unit of work has collected: where, by whom, and about which record."""

    type: str
    data: dict[str, Any]
    depth: int
    clinic_id: UUID | None
    actor: Actor
    patient_id: UUID | None
    subject_version: int | None


class Outbox(Protocol):
    """Where published events are stored with the change, and from where they are delivered."""

    def store(self, session: ClinicSession, published: Sequence[CollectedEvent]) -> Sequence[Any]:
        """Add the events, and a delivery for each handler, to the open transaction."""

    def deliver(self, stored: Sequence[Any]) -> None:
        """Run the handlers of events that are now committed."""


class UnitOfWorkDoomed(RuntimeError):
    """A part of a unit of work failed, so that the whole of it can't be committed."""


@dataclass
class _Work:
    """One open unit of work."""

    session: ClinicSession
    transaction: SessionTransaction
    published: list[CollectedEvent] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    doomed: bool = False
    patient_id: UUID | None = None
    subject_version: int | None = None

    def collect(self, event_type: str, data: dict[str, Any]) -> None:
        """Keep an event until the commit, refusing what was not declared."""
        depth = current_depth()
        event = CollectedEvent(
            event_type,
            validate_event(event_type, data),
            depth,
            current_clinic_id_or_none(),
            current_actor(),
            self.patient_id,
            self.subject_version,
        )
        if not is_too_deep(event_type, depth):
            self.published.append(event)

    def finish(self) -> Sequence[Any]:
        """Store the events and commit; a transaction that somebody else ended is not committed over."""
        if self.doomed or self.session.info.get("interfered"):
            raise UnitOfWorkDoomed("a part of the unit of work failed")
        self.ensure_open()
        self.session.flush()
        stored = _outbox.store(self.session, self.published) if self.published else ()
        self.session.flush()
        self._release()
        self.session.commit()
        return stored

    def ensure_open(self) -> None:
        """Notice that somebody ended the transaction behind the session."""
        begun = self.session.get_transaction() is self.transaction and self.transaction.is_active
        if not begun or not is_in_transaction(self.session.connection()):
            raise UnitOfWorkOpen("the transaction was ended from inside the unit of work")

    def abandon(self) -> None:
        """Roll everything back."""
        self._release()
        self.session.rollback()

    def _release(self) -> None:
        self.session.info.pop("writing", None)
        self.session.info.pop("interfered", None)


Scoped = TypeVar("Scoped", bound=ClinicScoped)

_work: ContextVar[_Work | None] = ContextVar("work", default=None)
_outbox: Outbox


def use_outbox(outbox: Outbox) -> None:
    """Store and deliver published events through `outbox`."""
    global _outbox  # noqa: PLW0603 - set once, when core/deliveries.py is imported
    _outbox = outbox


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Change rows and publish what happened: both are stored together, or neither.

    Inside another unit of work it joins that one. Handlers run right after the outermost commit.

    :raises UnitOfWorkDoomed: if an inner unit failed, even if its error was caught
    :raises RuntimeError: if the session has changes from outside
    """
    if outer := _work.get():
        with _joined(outer):
            yield
        return
    work = _begin()
    token = _work.set(work)
    try:
        with clinic_pinned(), collecting(work.collect):
            try:
                yield
                stored = work.finish()
            except BaseException:
                work.abandon()
                raise
    finally:
        _work.reset(token)
    _outbox.deliver(stored)
    for call in work.afterwards:
        _run_afterwards(call)


def get_for_update(model: type[Scoped], row_id: UUID) -> Scoped | None:
    """Return a row of the clinic in force as it is now; until the unit of work ends, nobody else changes it.

    On PostgreSQL the row is locked (`FOR NO KEY UPDATE`), on SQLite the unit of work has the database to itself.
    """
    wanted = select(model).where(model.id == row_id).with_for_update(key_share=True)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def set_event_subject(patient_id: UUID, version: int) -> None:
    """Note whom the next events of this unit of work are about, for the patient's timeline."""
    work = _open_work()
    work.patient_id, work.subject_version = patient_id, version


def after_commit(call: Callable[[], None]) -> None:
    """Call once, after the open unit of work has been committed; an error is logged only."""
    work = _open_work()
    if call not in work.afterwards:
        work.afterwards.append(call)


def ensure_open() -> None:
    """Make sure that what was written so far is still to be committed.

    :raises UnitOfWorkOpen: if the transaction was ended from inside the unit of work
    """
    _open_work().ensure_open()


@contextmanager
def _joined(outer: _Work) -> Iterator[None]:
    if outer.session is not db.session():
        raise RuntimeError("the open unit of work belongs to another session")
    try:
        yield
    except BaseException:
        outer.doomed = True
        raise


def _begin() -> _Work:
    """End the reading transaction and begin a writing one, in which everything is read afresh."""
    session = db.session()
    assert isinstance(session, ClinicSession)  # noqa: S101 - for the type checker
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("the session has changes from outside a unit of work")
    session.commit()
    session.expire_all()
    session.connection(execution_options=WRITING)
    transaction = session.get_transaction()
    assert transaction is not None  # noqa: S101 - for the type checker
    session.info["writing"] = True
    return _Work(session, transaction)


def _open_work() -> _Work:
    work = _work.get()
    if work is None:
        raise RuntimeError("no unit of work is open")
    return work


def _run_afterwards(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the change is committed; nothing may take that back
        _log.error("afterwards_failed error=%s frames=%s", error_name(error), traceback_summary(error))
