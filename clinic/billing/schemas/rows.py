"""Rows of a form: fields like `prices-0-valid_from`, or all rows in one field, as an edit conflict sends them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, str]

_LONGEST_NUMBER = 4


def typed_rows(typed: Mapping[str, str], name: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a sent form in their order, whose fields are texts."""
    if name in typed:
        return rows_from_text(typed[name], columns)
    field = re.compile(rf"{name}-([0-9]{{1,{_LONGEST_NUMBER}}})-({'|'.join(columns)})", re.ASCII)
    rows: dict[int, Row] = {}
    for key, value in typed.items():
        if match := field.fullmatch(key):
            rows.setdefault(int(match[1]), dict.fromkeys(columns, ""))[match[2]] = value
    return [row for _, row in sorted(rows.items())]


def filled_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in which something is typed."""
    return [row for row in rows if any(value.strip() for value in row.values())]


def row_values(name: str, rows: Sequence[Row]) -> Row:
    """Return the fields of rows as a form shows them."""
    return {f"{name}-{index}-{column}": value for index, row in enumerate(rows) for column, value in row.items()}


def without_rows(typed: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return the fields of a sent form that belong to no row."""
    return {key: value for key, value in typed.items() if key != name and not key.startswith(f"{name}-")}


def rows_as_text(rows: Sequence[Row]) -> str:
    """Return rows as one field of a form."""
    return json.dumps(list(rows), ensure_ascii=False)


def rows_from_text(text: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of one field; none if it is not readable."""
    try:
        rows = json.loads(text)
    except ValueError:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return []
    return [{column: str(row.get(column, "")) for column in columns} for row in rows]
