"""Insertion of rows that may exist already, into tables that are neither audited nor a clinic's."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert

from clinic.core.db import Base, db
from clinic.core.db.inserts import insert_into


def insert_missing(model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, except those whose primary key exists, in the open unit of work.

    :raises TypeError: if the model is audited: its rows are written one by one
    """
    if model.__audited__:
        raise TypeError(f"rows of {model.__name__} are audited")
    if rows:
        db.session.execute(_insert(model, db.engine.dialect.name), rows)


@cache
def _insert(model: Any, dialect: str) -> Insert:
    """Return the statement that inserts a row, which the driver sends for all rows at once."""
    return insert_into(model, dialect).on_conflict_do_nothing()
