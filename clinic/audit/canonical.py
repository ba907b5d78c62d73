"""Rows as their cells are stored: what reads like a value, but is spelled otherwise than it was written, is found.

A query compares what is stored. SQLite keeps any spelling of an id or an instant, and both databases any of a JSON
text, so that a row could be hidden from every query and still read as before.
"""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, FromClause, Row, Text, cast, type_coerce
from sqlalchemy.types import NullType


class NonCanonical(ValueError):
    """A cell can't be read, or reads like a value that is written otherwise."""


class StoredColumns:
    """How the rows of a table are read as they are stored."""

    def __init__(self, table: FromClause, dialect: Dialect) -> None:
        self._dialect = dialect
        self._readers = {column.name: self._reader(column) for column in table.columns}
        self.columns = [self._stored(column).label(column.name) for column in table.columns]

    def read(self, row: Row[Any]) -> SimpleNamespace:
        """Return the values of a row.

        :raises Misspelled: if one of them is not spelled as it is written
        """
        try:
            return SimpleNamespace(**{name: read(getattr(row, name)) for name, read in self._readers.items()})
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise NonCanonical from error

    def _stored(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return what is selected to see how a cell is stored."""
        if self._dialect.name == "sqlite":
            return type_coerce(column, NullType())
        return cast(column, Text) if isinstance(column.type, JSON) else column

    def _reader(self, column: ColumnElement[Any]) -> Callable[[Any], Any]:
        """Return how a stored cell becomes a value; one of PostgreSQL's own types has a single spelling."""
        if isinstance(column.type, JSON):
            return _of_json
        if self._dialect.name != "sqlite":
            return lambda stored: stored
        kind = column.type.dialect_impl(self._dialect)
        parse = kind.result_processor(self._dialect, None) or _as_it_is
        write = kind.bind_processor(self._dialect) or _as_it_is
        expected = column.type.python_type

        def read(stored: Any) -> Any:
            value = parse(stored)
            if value is not None and not (isinstance(value, expected) and _is_same(write(value), stored)):
                raise NonCanonical
            return value

        return read


def _of_json(stored: Any) -> Any:
    value = json.loads(stored)
    if not _is_same(json.dumps(value), stored):
        raise NonCanonical
    return value


def _as_it_is(value: Any) -> Any:
    return value


def _is_same(written: Any, stored: Any) -> bool:
    return type(written) is type(stored) and written == stored
