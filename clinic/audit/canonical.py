"""Raw values of stored rows, to find those that are not in the form in which the program stores them.

Queries compare stored values. SQLite stores any form of a UUID or a timestamp, both databases any form of a JSON text:
a value in another form hides its row from queries, while the loaded row has the same hash as before.
"""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, Row, Text, cast, inspect, type_coerce
from sqlalchemy.types import NullType

from clinic.core.db import Base

Converter = Callable[[Any], Any]


class NonCanonicalValue(ValueError):
    """A stored value that can't be parsed, or that the program would store in another form."""


class RawColumns:
    """The columns of a model selected without conversion, and the parsing of their rows."""

    def __init__(self, model: type[Base], dialect: Dialect) -> None:
        self._dialect = dialect
        columns = {attribute.key: attribute.columns[0] for attribute in inspect(model).column_attrs}
        self.selected = [self._raw(column).label(key) for key, column in columns.items()]
        self._parsers = {key: self._parser(column) for key, column in columns.items()}

    def parse(self, row: Row[Any]) -> SimpleNamespace:
        """Return the values of a row by attribute.

        :raises NonCanonicalValue: if one of them is not in its canonical form
        """
        try:
            return SimpleNamespace(**{key: parse(getattr(row, key)) for key, parse in self._parsers.items()})
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise NonCanonicalValue from error

    def _raw(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        if self._dialect.name == "sqlite":
            return type_coerce(column, NullType())
        return cast(column, Text) if isinstance(column.type, JSON) else column

    def _parser(self, column: ColumnElement[Any]) -> Converter:
        if isinstance(column.type, JSON):
            return _canonical_parser(json.loads, json.dumps, object)
        if self._dialect.name != "sqlite":
            return _unchanged  # PostgreSQL's own types have a single form
        kind = column.type.dialect_impl(self._dialect)
        parse, serialize = kind.result_processor(self._dialect, None), kind.bind_processor(self._dialect)
        return _canonical_parser(parse or _unchanged, serialize or _unchanged, column.type.python_type)


def _canonical_parser(parse: Converter, serialize: Converter, expected: type) -> Converter:
    """Return a parser that rejects what `serialize` would store in another form."""

    def parse_canonical(raw: Any) -> Any:
        value = parse(raw)
        if value is not None and not (isinstance(value, expected) and _is_same(serialize(value), raw)):
            raise NonCanonicalValue
        return value

    return parse_canonical


def _unchanged(value: Any) -> Any:
    return value


def _is_same(serialized: Any, raw: Any) -> bool:
    return type(serialized) is type(raw) and serialized == raw
