"""Insertion of rows that may exist already, into tables that are neither audited nor a clinic's."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from clinic.core.db import Base, db

_MOST_PARAMETERS = 30_000
"""Below the limits of SQLite (32,766) and PostgreSQL (65,535)."""


def insert_missing(model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, except those whose primary key exists, in the open unit of work.

    :raises TypeError: if the model is audited: its rows are written one by one
    """
    if model.__audited__:
        raise TypeError(f"rows of {model.__name__} are audited")
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    size = _MOST_PARAMETERS // len(rows[0]) if rows else 1
    for start in range(0, len(rows), size):
        db.session.execute(insert(model).values(rows[start : start + size]).on_conflict_do_nothing())
