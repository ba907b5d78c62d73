"""Inserts: by one statement for each table, instead of one for each row, and of rows that may exist already."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

_WAITING = "waiting_inserts"
"""The key in a session's `info` of the rows that wait, by table."""


def insert_into(model: Any, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what happens to a row that exists, for the dialect of a database."""
    return postgresql.insert(model) if dialect == "postgresql" else sqlite.insert(model)


@contextmanager
def inserted_together(session: Session) -> Iterator[None]:
    """Let rows wait until the end of a block, which is part of a unit of work, if `insert_deferrable` inserts them."""
    waiting: dict[Table, list[dict[str, Any]]] = {}
    session.info[_WAITING] = waiting
    try:
        yield
    finally:
        del session.info[_WAITING]
    for table, rows in waiting.items():
        session.connection().execute(insert(table), rows)


def insert_deferrable(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of the same columns: now or, within `inserted_together`, at the end of its block."""
    waiting = session.info.get(_WAITING)
    if waiting is None:
        session.connection().execute(insert(table), rows)
    else:
        waiting.setdefault(table, []).extend(rows)
