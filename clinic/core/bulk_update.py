"""Changes of rows by one statement, where the ORM takes one, or an object, for each row, and reads it before."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, insert, update

from clinic.core.audit import SUBJECT_COLUMN, record_update, record_updates
from clinic.core.db import db
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.orm_session import CURRENT_CLINIC
from clinic.core.errors import StaleVersion
from clinic.core.tenancy import current_clinic_id

Changes = Sequence[tuple[Any, Mapping[str, Any]]]
"""Loaded rows of one model, which has versions, with new values of some columns, the same ones for each."""


def insert_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows of a model that is not audited, given by their columns without the clinic."""
    if rows:
        owner = {"clinic_id": current_clinic_id()}
        db.session.connection().execute(insert(model.__table__), [owner | dict(row) for row in rows])


class RowInsert:
    """Adds rows of a model that is not audited, one at a time, with expressions for some columns.

    The expressions can have bound parameters: the statement is built once.
    """

    def __init__(self, model: Any, *names: str, **expressions: Any) -> None:
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        self._statement = insert(model.__table__).values(clinic_id=CURRENT_CLINIC, **values, **expressions)

    def execute(self, **parameters: Any) -> None:
        """Add a row of the current clinic with values of the other columns that were named."""
        db.session.connection().execute(self._statement, parameters)


class RowUpdate:
    """Changes rows of a model without versions, one at a time, if they meet conditions, and audits that.

    The conditions are on columns of the table, with bound parameters: a statement is built once for some columns.
    """

    def __init__(self, model: Any, *conditions: ColumnElement[bool]) -> None:
        self._table = model.__table__
        owned = (self._table.c.clinic_id == CURRENT_CLINIC,) if issubclass(model, ClinicScoped) else ()
        self._conditions = (self._table.c.id == bindparam("row_id"), *owned, *conditions)
        self._statements: dict[tuple[str, ...], Update] = {}

    def execute(self, row: Any, new: Mapping[str, Any], **parameters: Any) -> bool:
        """Give a loaded row new values of some columns, in the database; return False if a condition is not met."""
        values, names = {f"new_{name}": value for name, value in new.items()}, tuple(new)
        statement = self._statements[names] if names in self._statements else self._build(names)
        found = db.session.connection().execute(statement, {"row_id": row.id, **values, **parameters}).first()
        if found is None:
            return False
        record_update(row, new, found[0])
        return True

    def _build(self, names: tuple[str, ...]) -> Update:
        columns = self._table.c
        new = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in names}
        returned = columns.get(SUBJECT_COLUMN, columns.id)
        statement = update(self._table).where(*self._conditions).values(new).returning(returned)
        return self._statements.setdefault(names, statement)


def set_aside(changes: Changes) -> None:
    """Write values that are in nobody's way, for rows that exchange what a constraint compares one row at a time.

    They are neither audited nor a new version: the same unit of work gives the same columns their final values.
    """
    if changes:
        db.session.connection().execute(_update(changes), [_parameters(*change) for change in changes])


def update_rows(changes: Changes) -> None:
    """Change columns of rows; each gets its next version and an audit entry, as if it was flushed.

    :raises StaleVersion: if a row is stored with another version than it was loaded with
    """
    if not changes:
        return
    record_updates(changes)
    table = changes[0][0].__table__
    statement = _update(changes).where(table.c.version == bindparam("old_version")).values(version=table.c.version + 1)
    parameters = [{"old_version": row.version} | _parameters(row, new) for row, new in changes]
    if db.session.connection().execute(statement, parameters).rowcount != len(changes):
        raise StaleVersion
    for row, _ in changes:
        db.session.expire(row)


def _update(changes: Changes) -> Update:
    row, new = changes[0]
    table = row.__table__
    owned = (table.c.id == bindparam("row_id"), table.c.clinic_id == current_clinic_id())
    return (
        update(table).where(*owned).values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in new})
    )


def _parameters(row: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    return {"row_id": row.id, **{f"new_{name}": value for name, value in new.items()}}
