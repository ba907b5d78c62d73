"""The audit trail: who changed or saw what, in the same transaction as the change."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String, Uuid, event, insert, inspect
from sqlalchemy.orm import InstanceState, Mapped, Mapper, ORMExecuteState, mapped_column

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import Base, db
from clinic.core.db.mixins import UUIDMixin
from clinic.core.db.orm_session import ClinicSession
from clinic.core.db.types import UTCDateTime
from clinic.core.tenancy import clinic_scope, current_clinic_id_or_none
from clinic.core.unit_of_work import unit_of_work

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
VIEWED, LISTED, EXPORTED = "viewed", "listed", "exported"

SECRET = "(secret)"  # noqa: S105 - it stands where one would
"""What is said of a column that is marked `info={"secret": True}`, whatever is in it."""

_LEFT_OUT = {"id", "clinic_id", "version", "created_at", "updated_at"}


class AuditEntry(UUIDMixin, Base):
    """What one actor did or saw: a change by field as `[before, after]`, from where, in which request.

    Without `position` and `seal` it is not sealed yet.
    """

    __tablename__ = "audit_entries"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_entries_clinic", "clinic_id", "at", "id"),
        Index("ix_audit_entries_patient", "clinic_id", "patient_id", "at", "id"),
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
    patient_id: Mapped[UUID | None] = mapped_column(Uuid)
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSON)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    seal: Mapped[str | None] = mapped_column(String(64))


class UnauditedStatement(RuntimeError):
    """Rows of which the audit trail tells are changed one by one: it would not see a statement for many."""


def record_act(
    action: str,
    record: str,
    record_id: UUID | None = None,
    patient_id: UUID | None = None,
    *,
    clinic_id: UUID | None = None,
    **details: Any,
) -> None:
    """Note what somebody did, in the clinic in force unless another is named: in the open unit of work, else at once.

    Every detail is written down as it is: nothing secret may be among them.
    """
    changes = {name: [None, _plain(value)] for name, value in details.items()}
    clinic = clinic_id or current_clinic_id_or_none()
    about = {"record": record, "record_id": record_id, "patient_id": patient_id, "clinic_id": clinic}
    with _at_once():
        db.session.connection().execute(insert(AuditEntry), [_entry(action, changes, **about)])


def record_view(record: str, record_id: UUID | None, patient_id: UUID | None, **details: Any) -> None:
    """Note that a record is about to be shown."""
    record_act(VIEWED, record, record_id, patient_id, **details)


def record_listing(record: str, patient_ids: Iterable[UUID]) -> None:
    """Note of which patients a list is about to be shown, if of any."""
    if shown := list(dict.fromkeys(patient_ids)):
        record_act(LISTED, record, patients=shown)


def written(entry: Any) -> dict[str, Any]:
    """Return all that is stored of an entry, or of its row, as JSON values."""
    return {name: _plain(getattr(entry, name)) for name in inspect(AuditEntry).column_attrs.keys()}  # noqa: SIM118


@event.listens_for(ClinicSession, "before_flush")
def read_before_deleting(session: ClinicSession, _context: object, _instances: object) -> None:
    """Read what is about to be deleted, while it can be."""
    for row in session.deleted:
        if _is_audited(type(row)) and inspect(row).expired_attributes:
            session.refresh(row)


@event.listens_for(ClinicSession, "after_flush")
def write_changes(session: ClinicSession, _context: object) -> None:
    """Write an entry for each row that was written, into the same transaction."""
    changed = ((CREATED, session.new), (CHANGED, session.dirty), (DELETED, session.deleted))
    if entries := [entry for action, rows in changed for row in rows if (entry := _of_row(action, row))]:
        session.connection().execute(insert(AuditEntry), entries)


@event.listens_for(ClinicSession, "do_orm_execute")
def refuse_what_is_not_seen(state: ORMExecuteState) -> None:
    """Refuse to write rows with a statement that goes past the audit trail."""
    if (state.is_insert or state.is_update or state.is_delete) and state.bind_mapper is not None:
        model = state.bind_mapper.class_
        if _is_audited(model):
            raise UnauditedStatement(f"change rows of {model.__name__} one by one: the audit trail tells of each")


def _of_row(action: str, row: Any) -> dict[str, Any] | None:
    """Return the entry of a row that was written, None if the audit trail does not tell of it."""
    if not _is_audited(type(row)):
        return None
    changes = _changes(action, inspect(row))
    if action == CHANGED and not changes:
        return None
    return _entry(
        action,
        changes,
        record=row.__tablename__,
        record_id=getattr(row, "id", None),
        patient_id=row.patient_id if hasattr(type(row), "patient_id") else None,
        clinic_id=_clinic_of(action, row),
    )


def _clinic_of(action: str, row: Any) -> UUID | None:
    """Return whose trail tells of a row: of what is no clinic's own its making is the installation's business.

    Else a clinic could learn whether an account that it invites was there before.
    """
    own: UUID | None = getattr(row, "clinic_id", None)
    return own if own or action == CREATED else current_clinic_id_or_none()


def _is_audited(model: type) -> bool:
    return getattr(model, "__audited__", False)


def _changes(action: str, state: InstanceState[Any]) -> dict[str, list[Any]]:
    """Return each field that has another value than before."""
    found = {}
    for name, is_secret in _fields(state.mapper):
        before, after = _before_and_after(action, state, name)
        if before != after:
            found[name] = [_said(before, is_secret), _said(after, is_secret)]
    return found


@cache
def _fields(mapper: Mapper[Any]) -> Sequence[tuple[str, bool]]:
    """Return the fields of a model of which the audit trail tells, and whether each is a secret."""
    columns = {attribute.key: attribute.columns[0].info for attribute in mapper.column_attrs}
    kept = {name: info for name, info in columns.items() if name not in _LEFT_OUT and info.get("audited", True)}
    return [(name, bool(info.get("secret"))) for name, info in kept.items()]


def _before_and_after(action: str, state: InstanceState[Any], name: str) -> tuple[Any, Any]:
    if action == CREATED:
        return None, state.dict.get(name)
    history = state.attrs[name].history
    before = next(iter(history.deleted or history.unchanged or ()), None)
    if action == DELETED:
        return before, None
    return before, next(iter(history.added or history.unchanged or ()), None)


def _said(value: Any, is_secret: bool) -> Any:
    return SECRET if is_secret and value is not None else _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it.

    :raises TypeError: if it can't be said in JSON
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    raise TypeError(f"the audit trail can't tell of a {type(value).__name__}: mark its column as not audited")


def _entry(action: str, changes: dict[str, list[Any]], **about: Any) -> dict[str, Any]:
    who = current_actor()
    return {
        "at": now(),
        "actor": who.actor,
        "session_id": who.session_id,
        "key_id": who.key_id,
        "address": who.address,
        "request_id": who.request_id,
        "action": action,
        "changes": changes,
        **about,
    }


@contextmanager
def _at_once() -> Iterator[None]:
    """Write in the open unit of work; else in one with a session of its own, so that no row has to be read again."""
    if db.session.info.get("writing"):
        yield
        return
    db.session.commit()
    with clinic_scope(current_clinic_id_or_none()), unit_of_work():
        yield
