"""CSV exports, streamed in batches, without cells that a spreadsheet would evaluate as formulas."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any

from flask import Response, stream_with_context

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def csv_response(name: str, lines: Iterator[str]) -> Response:
    """Return lines as a streamed download (RFC 4180, RFC 6266)."""
    response = Response(stream_with_context(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Return a header and a line for each row."""
    yield _line(columns)
    for row in rows:
        yield _line([row.get(column) for column in columns])


def cell(value: Any) -> str:
    """Return a value as a cell; a text that a spreadsheet would evaluate gets an apostrophe (ASVS 1.2.10)."""
    if value is None or isinstance(value, int | float | Decimal):
        return "" if value is None else str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _line(values: Iterable[Any]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([cell(value) for value in values])
    return written.getvalue()
