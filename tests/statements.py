"""How many SQL statements something takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from clinic.core.db import db


@contextmanager
def counted_statements(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that are executed inside a `with` block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def of_rows(statements: list[str]) -> list[str]:
    """Return those among statements that read or write rows."""
    return [one for one in statements if one.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
