"""The write transaction of a session: begun once, joined by inner blocks, committed only by its outermost block."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from logging import getLogger
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.orm.util import identity_key

from clinic.core.db import Base, db
from clinic.core.db.engine import VOLATILE, WRITING, is_in_transaction
from clinic.core.db.faults import is_refused
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.orm_session import KEPT, ClinicSession, UnitOfWorkOpen, prepared
from clinic.core.db.sqlite_files import check_open_files
from clinic.core.errors import StaleVersion
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.tenancy import clinic_pinned

Callback = Callable[[], None]
ChangedRow = tuple[str, UUID]
"""The table and the id of a row."""

Scoped = TypeVar("Scoped", bound=ClinicScoped)
Row = TypeVar("Row", bound=Base)

_log = getLogger("clinic.database")


class UnitOfWorkDoomed(RuntimeError):
    """A part of a unit of work failed, so that the whole of it can't be committed."""


@dataclass
class Outcome:
    """The audited rows that a request or command has changed: in the open transaction, saved, or maybe saved."""

    changed: list[ChangedRow] = field(default_factory=list)
    saved: list[ChangedRow] = field(default_factory=list)
    unknown: list[ChangedRow] = field(default_factory=list)


@dataclass
class _Transaction:
    """An open write transaction."""

    session: ClinicSession
    orm_transaction: SessionTransaction
    callbacks: list[Callback] = field(default_factory=list)
    doomed: bool = False

    def ensure_open(self) -> None:
        """Check that no part of the transaction failed, and that other code has not ended it."""
        if self.doomed or self.session.info.get("interfered"):
            raise UnitOfWorkDoomed("a part of the unit of work failed")
        is_current = self.session.get_transaction() is self.orm_transaction and self.orm_transaction.is_active
        if not is_current or not is_in_transaction(self.session.connection()):
            raise UnitOfWorkOpen("the transaction was ended from inside the unit of work")

    def commit(self) -> None:
        """Commit, unless a part failed or the transaction was ended by other code.

        :raises DatabaseReplaced: if SQLite committed into a file that is no longer at its path
        """
        self.ensure_open()
        self.session.flush()
        self._release()
        outcome, connection_info = current_outcome(), self.session.connection().info
        try:
            self.session.commit()
            check_open_files(connection_info)
        except BaseException as error:
            if not is_refused(error):
                outcome.unknown += outcome.changed
            raise
        outcome.saved += outcome.changed
        outcome.changed = []

    def rollback(self) -> None:
        """Roll everything back."""
        self._release()
        current_outcome().changed = []
        self.session.rollback()

    def _release(self) -> None:
        self.session.info.pop("writing", None)
        self.session.info.pop("interfered", None)


_current: ContextVar[_Transaction | None] = ContextVar("write_transaction", default=None)
_outcome: ContextVar[Outcome | None] = ContextVar("outcome", default=None)


@contextmanager
def write_transaction(*, durable: bool = True) -> Iterator[None]:
    """Begin a write transaction, commit it at the end of the block and run its `after_commit` callbacks.

    One that is not `durable` does not wait for the disk: it survives the end of the process, but may be lost, as a
    whole, when the power fails.

    :raises UnitOfWorkDoomed: if a joined block failed, even if its error was caught
    :raises RuntimeError: if a write transaction is open already, or the session has changes from before
    """
    if _current.get() is not None:
        raise RuntimeError("a write transaction is open already")
    transaction = _begin(WRITING if durable else VOLATILE)
    token = _current.set(transaction)
    try:
        with clinic_pinned():
            try:
                yield
                transaction.commit()
            except BaseException:
                transaction.rollback()
                raise
    finally:
        _current.reset(token)
    for callback in transaction.callbacks:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - the change is committed and must not be answered with an error
            _log.error("after_commit_failed error=%s frames=%s", error_name(error), traceback_summary(error))


@contextmanager
def joined_transaction() -> Iterator[None]:
    """Join the open write transaction: if the block raises, the transaction can't be committed any more.

    :raises RuntimeError: if the open transaction belongs to another session
    """
    transaction = _open_transaction()
    if transaction.session is not db.session():
        raise RuntimeError("the open unit of work belongs to another session")
    try:
        yield
    except BaseException:
        transaction.doomed = True
        raise


def flush_open() -> None:
    """Write all pending changes into the open transaction, after checking that it can still be committed.

    :raises UnitOfWorkDoomed: if a part of it failed
    :raises UnitOfWorkOpen: if it was ended from inside the unit of work
    """
    transaction = _open_transaction()
    transaction.ensure_open()
    transaction.session.flush()


def current_outcome() -> Outcome:
    """Return what the current request or command has changed, so that an error after a commit can be answered."""
    return _outcome.get() or reset_outcome()


def reset_outcome() -> Outcome:
    """Replace the outcome by an empty one, at the start of a request or command."""
    outcome = Outcome()
    _outcome.set(outcome)
    return outcome


@contextmanager
def separate_outcome() -> Iterator[None]:
    """Record what this block changes in an outcome of its own."""
    token = _outcome.set(Outcome())
    try:
        yield
    finally:
        _outcome.reset(token)


def after_commit(callback: Callback) -> None:
    """Run a callback once after the open transaction is committed; an error in it is only logged."""
    transaction = _open_transaction()
    if callback not in transaction.callbacks:
        transaction.callbacks.append(callback)


def find_row(model: type[Row], row_id: UUID) -> Row | None:
    """Return a row, which is read once in a transaction, by a statement that was built once.

    If it belongs to a clinic, to the current one.
    """
    found: Row | None = db.session().identity_map.get(identity_key(model, row_id))
    if found is not None and not inspect(found).expired:
        return found
    wanted: Any = model
    read: Row | None = db.session.scalar(_by_id(wanted), {"row_id": row_id})
    return read


def get_for_update(model: type[Scoped], row_id: UUID) -> Scoped | None:
    """Return the current state of a row of the current clinic, locked until the transaction ends.

    On PostgreSQL the row is locked (`FOR NO KEY UPDATE`), on SQLite the transaction has the database to itself.
    """
    wanted: Any = model
    read: Scoped | None = db.session.scalar(_locked_by_id(wanted), {"row_id": row_id})
    return read


def get_version_for_update(
    model: type[Scoped], row_id: UUID, version: int | None, not_found: type[Exception]
) -> Scoped:
    """Return a row as `get_for_update` does; `version` is the one that was edited, None skips the check.

    :raises not_found: if there is no such row
    :raises StaleVersion: if it has another version
    """
    row: Any = get_for_update(model, row_id)
    if row is None:
        raise not_found
    if version not in {None, row.version}:
        raise StaleVersion
    found: Scoped = row
    return found


@contextmanager
def snapshot() -> Iterator[None]:
    """Let all reads of a block see one state of the database, that of its beginning.

    :raises RuntimeError: if a write transaction is open
    """
    if _current.get() is not None:
        raise RuntimeError("a write transaction is open")
    session = db.session()
    session.commit()
    session.expire_all()
    if db.engine.dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        session.commit()


def keep_loaded(*rows: object) -> None:
    """Keep rows in memory until the transaction ends.

    A session refers to its rows weakly: one that nothing else refers to would be read again.
    """
    db.session.info.setdefault(KEPT, set()).update(rows)


@cache
def _by_id(model: Any) -> Select[Any]:
    return prepared(select(model).where(model.id == bindparam("row_id", type_=model.id.type)))


@cache
def _locked_by_id(model: Any) -> Select[Any]:
    return _by_id(model).with_for_update(key_share=True).execution_options(populate_existing=True)


def _begin(execution_options: Mapping[str, bool]) -> _Transaction:
    """End the read transaction and begin a write transaction, in which every row is read again."""
    session = db.session()
    assert isinstance(session, ClinicSession)  # noqa: S101 - for the type checker
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("the session has changes from outside a unit of work")
    session.commit()
    session.expire_all()
    session.connection(execution_options=execution_options)
    orm_transaction = session.get_transaction()
    assert orm_transaction is not None  # noqa: S101 - for the type checker
    session.info["writing"] = True
    return _Transaction(session, orm_transaction)


def _open_transaction() -> _Transaction:
    transaction = _current.get()
    if transaction is None:
        raise RuntimeError("no unit of work is open")
    return transaction
