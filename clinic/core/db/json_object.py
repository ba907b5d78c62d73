"""A JSON object built of columns by the database, and the reading of its values."""

from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class _JSONObject(GenericFunction[Any]):
    """Keys and values in turn; SQLite and PostgreSQL have different names for the function."""

    type = JSON()
    name = "json_object"
    inherit_cache = True


@compiles(_JSONObject, "postgresql")
def _on_postgresql(element: _JSONObject, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_build_object{compiler.process(element.clause_expr, **options)}"


def json_object(**values: Any) -> ColumnElement[Any]:
    """Return an SQL expression of a JSON object; times and ids in it are read with the functions of this file."""
    pairs: list[tuple[Any, Any]] = [(literal_column(f"'{key}'"), value) for key, value in values.items()]
    return _JSONObject(*chain.from_iterable(pairs))


def read_instant(text: str | None) -> datetime | None:
    """Return an instant of a JSON object; SQLite stores naive UTC."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def read_id(text: str | None) -> UUID | None:
    """Return an id of a JSON object; SQLite stores it without hyphens."""
    return None if text is None else UUID(text)
