"""Exports as CSV, a few rows at a time, whose cells no spreadsheet takes for formulas."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any

from flask import Response, stream_with_context

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def csv_response(name: str, lines: Iterator[str]) -> Response:
    """Return lines as a file to download (RFC 4180, RFC 6266); it is written while it is sent."""
    response = Response(stream_with_context(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Return a head and a line for each row."""
    yield _line(columns)
    for row in rows:
        yield _line([row.get(column) for column in columns])


def cell(value: Any) -> str:
    """Return a value as a cell; a text that a spreadsheet would compute gets an apostrophe (ASVS 1.2.10)."""
    if value is None or isinstance(value, int | float | Decimal):
        return "" if value is None else str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def _line(values: Iterable[Any]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([cell(value) for value in values])
    return written.getvalue()
