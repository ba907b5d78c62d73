"""The lists of a patient's record in forms: rows of fields like `other_phones-0-value`.

A page that lets people choose between two versions sends a whole list as JSON in one field, `rows.other_phones`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clinic.patients.schemas.patient_lists import MOST_ROWS

_CONTACT_FIELDS = ("value", "use", "valid_from", "valid_until")
ROW_FIELDS = {
    "former_names": ("family_name", "given_name", "until", "reason"),
    "other_phones": _CONTACT_FIELDS,
    "other_emails": _CONTACT_FIELDS,
    "other_addresses": _CONTACT_FIELDS,
    "identifiers": ("type", "value", "issuer"),
}
"""The fields of a row of each list."""

WHOLE = "rows."
"""The prefix of a field with a whole list."""

LISTS_SHOWN = "lists"
"""The field that names the lists of the form, so that one without rows is emptied, and one not shown stays."""

BUTTONS = ("add", "remove", "then")
"""The names of the form's buttons besides the one that saves."""

Row = dict[str, str]

_ROW_FIELD = re.compile(r"([a-z_]+)-([0-9]{1,3})-([a-z_]+)", re.ASCII)


def typed_rows(typed: Mapping[str, str], name: str) -> list[Row]:
    """Return the rows of a list as they were typed, in the order of their numbers, empty ones too."""
    if WHOLE + name in typed:
        return _whole_rows(typed[WHOLE + name], ROW_FIELDS[name])
    rows: dict[int, Row] = {}
    for field, value in typed.items():
        match = _ROW_FIELD.fullmatch(field)
        if match and match[1] == name and match[3] in ROW_FIELDS[name] and len(rows) <= MOST_ROWS:
            rows.setdefault(int(match[2]), dict.fromkeys(ROW_FIELDS[name], ""))[match[3]] = value
    return [row for _, row in sorted(rows.items())]


def gather_rows(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form with the rows of the lists that it shows as lists; empty rows are left out."""
    found = {name: value for name, value in typed.items() if not _is_of_rows(name)}
    for name in str(typed.get(LISTS_SHOWN) or "").split():
        if name in ROW_FIELDS:
            found[name] = filled_rows(typed_rows(typed, name))
    return found


def filled_rows(rows: list[Row]) -> list[Row]:
    """Return the rows in which something was typed."""
    return [row for row in rows if any(value.strip() for value in row.values())]


def numbered_rows(name: str, rows: list[Row]) -> Iterator[tuple[str, str]]:
    """Return the form fields of rows, numbered anew."""
    for number, row in enumerate(rows):
        for field, value in row.items():
            yield f"{name}-{number}-{field}", value


def whole_list(rows: list[Row]) -> str:
    """Return rows as a field with a whole list has them."""
    return json.dumps(rows, ensure_ascii=False)


def is_row_field(field: str) -> bool:
    """Return whether a form field belongs to a list, as a part of a row or as a whole."""
    match = _ROW_FIELD.fullmatch(field)
    return (
        field.removeprefix(WHOLE) in ROW_FIELDS if field.startswith(WHOLE) else bool(match and match[1] in ROW_FIELDS)
    )


def _is_of_rows(field: str) -> bool:
    return field == LISTS_SHOWN or field in BUTTONS or is_row_field(field)


def _whole_rows(text: str, fields: tuple[str, ...]) -> list[Row]:
    """Return the rows of a whole list; none of a text that no page has made."""
    try:
        given = json.loads(text)
    except ValueError:
        return []
    if not isinstance(given, list):
        return []
    rows = [row for row in given if isinstance(row, dict)]
    return [{field: str(row.get(field) or "") for field in fields} for row in rows[:MOST_ROWS]]
