"""Changes of many rows of the current clinic by one statement, where the ORM takes one, or an object, for each row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Update, bindparam, insert, update

from clinic.core.audit import record_updates
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.core.tenancy import current_clinic_id

Changes = Sequence[tuple[Any, Mapping[str, Any]]]
"""Loaded rows of one model, which has versions, with new values of some columns, the same ones for each."""


def insert_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows of a model that is not audited, given by their columns without the clinic."""
    if rows:
        owner = {"clinic_id": current_clinic_id()}
        db.session.connection().execute(insert(model.__table__), [owner | dict(row) for row in rows])


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
