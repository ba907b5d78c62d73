"""Recording of the audit trail: who changed or viewed what, in the same transaction as the change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String, Uuid, delete, event, insert, inspect, text
from sqlalchemy.orm import InstanceState, Mapped, Mapper, ORMExecuteState, Session, mapped_column

from clinic.core.audit_values import json_value
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import Base, db
from clinic.core.db.inserts import insert_deferrable
from clinic.core.db.mixins import UUIDMixin
from clinic.core.db.orm_session import ClinicSession
from clinic.core.db.transaction import current_outcome
from clinic.core.db.types import UTCDateTime
from clinic.core.ids import new_id
from clinic.core.tenancy import clinic_scope, current_clinic_id_or_none
from clinic.core.unit_of_work import unit_of_work

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
VIEWED, LISTED, EXPORTED = "viewed", "listed", "exported"

SECRET = "(secret)"  # noqa: S105 - a placeholder
"""The recorded value of a column marked `info={"secret": True}`, unless it is null."""

_UNAUDITED_COLUMNS = {"id", "clinic_id", "version", "created_at", "updated_at"}
SUBJECT_COLUMN = "patient_id"
"""The subject's column in the audit trail, and its attribute in audited models that have one."""

_NO_VIEW = text(f"action NOT IN ('{VIEWED}', '{LISTED}', '{EXPORTED}')")
"""Limits an index to changes, which the timeline of a subject reads among its many views."""

_ONE_VIEW = text(f"action = '{VIEWED}' AND record_id IS NOT NULL")


def _where(condition: Any) -> Any:
    return {"postgresql_where": condition, "sqlite_where": condition}


class AuditEntry(UUIDMixin, Base):
    """An action of one actor: the record, its subject, and each changed field as `[before, after]`.

    `position` and `seal` are null until the entry is sealed.
    """

    __tablename__ = "audit_entries"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_entries_clinic", "clinic_id", "at", "id"),
        Index("ix_audit_entries_patient", "clinic_id", SUBJECT_COLUMN, "at", "id"),
        Index("ix_audit_entries_changes", "clinic_id", SUBJECT_COLUMN, "at", "id", **_where(_NO_VIEW)),
        Index("ix_audit_entries_opened", "clinic_id", "actor", "record", "at", **_where(_ONE_VIEW)),
    )

    clinic_id: Mapped[UUID | None] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(200))
    session_id: Mapped[UUID | None] = mapped_column(Uuid)
    key_id: Mapped[UUID | None] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(20))
    record: Mapped[str] = mapped_column(String(50))
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    subject_id: Mapped[UUID | None] = mapped_column(SUBJECT_COLUMN, Uuid)
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSON)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    seal: Mapped[str | None] = mapped_column(String(64))


_TABLE: Any = AuditEntry.__table__


class UnauditedStatement(RuntimeError):
    """A bulk statement on an audited table: the audit trail records only rows that a session flushes."""


def record_act(
    action: str,
    record: str,
    record_id: UUID | None = None,
    subject_id: UUID | None = None,
    *,
    clinic_id: UUID | None = None,
    **details: Any,
) -> None:
    """Record an action, in the open unit of work or else in one of its own; the clinic defaults to the current one.

    The details are stored as they are: they must hold no secret.
    """
    clinic = clinic_id or current_clinic_id_or_none()
    _record(_act_entry(action, record, (record_id, subject_id), clinic, details))


def record_act_or_nothing(
    is_recorded: bool, action: str, record: str, record_id: UUID | None, *, clinic_id: UUID | None
) -> None:
    """Record an action, or leave nothing after the same statements, so that the time does not show which."""
    entry = _act_entry(action, record, (record_id, None), clinic_id, {}) | {"id": new_id()}
    deleted = new_id() if is_recorded else entry["id"]
    with _open_or_own_unit_of_work():
        db.session.connection().execute(insert(AuditEntry), [entry])
        db.session.connection().execute(delete(AuditEntry).where(AuditEntry.id == deleted))


def record_view(record: str, record_id: UUID | None, subject_id: UUID | None, **details: Any) -> None:
    """Record that a record is about to be shown."""
    record_act(VIEWED, record, record_id, subject_id, **details)


def record_listing(record: str, subject_ids: Iterable[UUID], *, viewed: tuple[UUID, UUID] | None = None) -> None:
    """Record which subjects a list is about to show; an empty list is not recorded.

    `viewed` are the ids of one record, and of its subject, that is about to be shown beside the list.
    """
    clinic = current_clinic_id_or_none()
    entries = [_act_entry(VIEWED, record, viewed, clinic, {})] if viewed else []
    if shown := list(dict.fromkeys(subject_ids)):
        details = {"patients": shown}  # a stored name: seals include it
        entries.append(_act_entry(LISTED, record, (None, None), clinic, details))
    if entries:
        _record(*entries)


def record_updates(updates: Iterable[tuple[Any, Mapping[str, Any]]]) -> None:
    """Record new values of columns of many rows, before a bulk statement writes them."""
    _insert_changes(db.session(), [_change_entry(CHANGED, row, _updated(row, new)) for row, new in updates])


def record_update(row: Any, new: Mapping[str, Any], subject_id: UUID | None) -> None:
    """Record new values of columns of one row, which a statement wrote, if they are audited and others than before.

    `subject_id` is the row's subject now: it may have been loaded before its subject was merged.
    """
    if _is_audited(type(row)) and (changes := _updated(row, new)):
        entry = _change_entry(CHANGED, row, changes) | {SUBJECT_COLUMN: subject_id}
        _insert_changes(db.session(), [entry])


def serialize_entry(entry: Any) -> dict[str, Any]:
    """Return all stored values of an entry, or of an object with its attributes, as JSON values by column."""
    attributes = inspect(AuditEntry).column_attrs
    return {attribute.columns[0].name: json_value(getattr(entry, attribute.key)) for attribute in attributes}


@event.listens_for(ClinicSession, "before_flush")
def load_deleted_rows(session: ClinicSession, _context: object, _instances: object) -> None:
    """Load the values of audited rows before they are deleted."""
    for row in session.deleted:
        if _is_audited(type(row)) and inspect(row).expired_attributes:
            session.refresh(row)


@event.listens_for(ClinicSession, "after_flush")
def record_changes(session: ClinicSession, _context: object) -> None:
    """Record each flushed row of an audited model in the same transaction."""
    changed = ((CREATED, session.new), (CHANGED, session.dirty), (DELETED, session.deleted))
    if entries := [entry for action, rows in changed for row in rows if (entry := _row_entry(action, row))]:
        _insert_changes(session, entries)


@event.listens_for(ClinicSession, "do_orm_execute")
def reject_bulk_statements(state: ORMExecuteState) -> None:
    """Reject bulk statements on audited models.

    :raises UnauditedStatement: always for such a statement
    """
    if (state.is_insert or state.is_update or state.is_delete) and state.bind_mapper is not None:
        model = state.bind_mapper.class_
        if _is_audited(model):
            raise UnauditedStatement(f"change rows of {model.__name__} one by one: the audit trail records each")


def _row_entry(action: str, row: Any) -> dict[str, Any] | None:
    """Return the entry of a flushed row, None if the model is not audited or nothing changed."""
    if not _is_audited(type(row)):
        return None
    changes = _changes(action, inspect(row))
    if action == CHANGED and not changes:
        return None
    return _change_entry(action, row, changes)


def _change_entry(action: str, row: Any, changes: dict[str, list[Any]]) -> dict[str, Any]:
    has_subject = hasattr(type(row), SUBJECT_COLUMN)
    about = {
        "record": row.__tablename__,
        "record_id": getattr(row, "id", None),
        SUBJECT_COLUMN: getattr(row, SUBJECT_COLUMN) if has_subject else None,
        "clinic_id": _clinic_of(action, row),
    }
    return _entry(action, changes, **about)


def _insert_changes(session: Session, entries: Sequence[dict[str, Any]]) -> None:
    """Insert the entries of changed rows in one statement."""
    current_outcome().changed += [(entry["record"], entry["record_id"]) for entry in entries]
    insert_deferrable(session, _TABLE, entries)


def _updated(row: Any, new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the audited fields to which a row is given other values than it was loaded with, as `[before, after]`."""
    return {
        name: [_recorded_value(before, is_secret), _recorded_value(new[name], is_secret)]
        for name, is_secret in _fields(inspect(row).mapper)
        if name in new and (before := getattr(row, name)) != new[name]
    }


def _clinic_of(action: str, row: Any) -> UUID | None:
    """Return the clinic whose audit trail gets the entry.

    The creation of a row without a clinic, like an account, is recorded for the installation: otherwise a clinic that
    invites somebody could see in its audit trail whether the account existed before.
    """
    own: UUID | None = getattr(row, "clinic_id", None)
    return own if own or action == CREATED else current_clinic_id_or_none()


def _is_audited(model: type) -> bool:
    return getattr(model, "__audited__", False)


def _changes(action: str, state: InstanceState[Any]) -> dict[str, list[Any]]:
    """Return the changed fields as `[before, after]`."""
    found = {}
    for name, is_secret in _fields(state.mapper):
        before, after = _before_and_after(action, state, name)
        if before != after:
            found[name] = [_recorded_value(before, is_secret), _recorded_value(after, is_secret)]
    return found


@cache
def _fields(mapper: Mapper[Any]) -> Sequence[tuple[str, bool]]:
    """Return the audited fields of a model, each with whether it is secret."""
    infos = {attribute.key: attribute.columns[0].info for attribute in mapper.column_attrs}
    audited = [name for name, info in infos.items() if info.get("audited", True)]
    return [(name, bool(infos[name].get("secret"))) for name in audited if name not in _UNAUDITED_COLUMNS]


def _before_and_after(action: str, state: InstanceState[Any], name: str) -> tuple[Any, Any]:
    if action == CREATED:
        return None, state.dict.get(name)
    history = state.attrs[name].history
    before = next(iter(history.deleted or history.unchanged or ()), None)
    if action == DELETED:
        return before, None
    return before, next(iter(history.added or history.unchanged or ()), None)


def _recorded_value(value: Any, is_secret: bool) -> Any:
    return SECRET if is_secret and value is not None else json_value(value)


def _act_entry(
    action: str, record: str, ids: tuple[UUID | None, UUID | None], clinic: UUID | None, details: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the entry of an action on the record and the subject of two ids."""
    changes = {name: [None, json_value(value)] for name, value in details.items()}
    about = {"record": record, "record_id": ids[0], SUBJECT_COLUMN: ids[1], "clinic_id": clinic}
    return _entry(action, changes, **about)


def _record(*entries: dict[str, Any]) -> None:
    """Insert entries in one statement."""
    with _open_or_own_unit_of_work():
        db.session.connection().execute(insert(AuditEntry), list(entries))


def _entry(action: str, changes: dict[str, list[Any]], **about: Any) -> dict[str, Any]:
    actor = current_actor()
    return {
        "at": now(),
        "actor": actor.actor,
        "session_id": actor.session_id,
        "key_id": actor.key_id,
        "address": actor.address,
        "request_id": actor.request_id,
        "action": action,
        "changes": changes,
        **about,
    }


@contextmanager
def _open_or_own_unit_of_work() -> Iterator[None]:
    """Join the open unit of work, or open one in another ORM session, so that loaded rows do not expire."""
    if db.session.info.get("writing"):
        yield
        return
    db.session.commit()
    with clinic_scope(current_clinic_id_or_none()), unit_of_work():
        yield
