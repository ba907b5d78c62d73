"""The form of a patient's record: its values, the rows of its lists, and the buttons that add and remove rows."""

from collections.abc import Mapping
from typing import Any

from flask import request

from clinic.core.context import current_actor
from clinic.core.modules import Panel, panels_of
from clinic.identity.clinics import clinic_service
from clinic.patients.contact_rules import CONTACT_KINDS, USES, uses_of
from clinic.patients.identifier_rules import identifier_choices
from clinic.patients.rules import LANGUAGES, language_label
from clinic.patients.schemas.patient_lists import MOST_ROWS
from clinic.patients.schemas.patient_rows import (
    ROW_FIELDS,
    Row,
    filled_rows,
    is_row_field,
    numbered_rows,
    typed_rows,
)
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.service import Patient
from clinic.web.forms import Form, date_parts

_CONTACT_LISTS = {"other_phones", "other_emails", "other_addresses"}
_FOLDED = ("preferred_name", "pronouns", "address", "phone_use", "email_use", "address_use", *ROW_FIELDS)
"""The fields that are folded until one has a value."""

_DATES = ("birth_date", "age_on")


def form_values(patient: Patient) -> dict[str, str]:
    """Return a patient as a form shows the record."""
    dumped = PatientSchema().dump(patient)
    values = {name: _text(value) for name, value in dumped.items() if name not in ROW_FIELDS}
    for name in _DATES:
        values |= date_parts(name, values.get(name))
    for name, rows in record_rows(dumped).items():
        values |= dict(numbered_rows(name, rows))
    return values


def record_rows(dumped: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Return the rows of the lists of a dumped patient that the current actor may see."""
    return {
        name: [{field: _text(row.get(field)) for field in fields} for row in dumped[name] or ()]
        for name, fields in ROW_FIELDS.items()
        if name in dumped
    }


def pressed_row_button(form: Form) -> bool:
    """Add or remove a row of a sent form if a button for that was pressed, and return whether it was."""
    added, removed = request.form.get("add", ""), request.form.get("remove", "")
    if added not in ROW_FIELDS and not is_row_field(f"{removed}-value"):
        return False
    form.errors.clear()
    rows = {name: typed_rows(form.values, name) for name in ROW_FIELDS}
    if added in ROW_FIELDS and len(rows[added]) < MOST_ROWS:
        rows[added].append(dict.fromkeys(ROW_FIELDS[added], ""))
    name, _, number = removed.rpartition("-")
    if name in ROW_FIELDS and int(number) < len(rows[name]):
        del rows[name][int(number)]
    _show_rows(form, rows)
    return True


def form_context(form: Form) -> dict[str, Any]:
    """Return what the template of the form needs: how many rows each list has, and what may be chosen."""
    counts = {name: len(rows) for name, rows in _shown_rows(form).items()}
    options = {
        "counts": counts,
        "most_rows": MOST_ROWS,
        "added": request.form.get("add"),
        "open": any(counts.values()) or any(form.value(name) or form.error(name) for name in _FOLDED),
        "uses": {kind: _use_choices(kind) for kind in CONTACT_KINDS},
        "uses_in_use": {kind: _use_choices(kind, in_use=True) for kind in CONTACT_KINDS},
        "identifier_types": [("", "Choose"), *identifier_choices(clinic_service.current().country)],
        "lists": [name for name in ROW_FIELDS if name not in _CONTACT_LISTS or _may_see_contact()],
    }
    return {"form": form, "languages": _language_choices(form), "options": options}


def next_acts() -> list[Panel]:
    """Return the acts of other modules that may follow a registration; each context names the `endpoint`."""
    return [panel for panel in panels_of("patients.new", clinic_service.current().id) if panel.place == "actions"]


def _may_see_contact() -> bool:
    return current_actor().has_permission("patients:contact")


def _shown_rows(form: Form) -> dict[str, list[Row]]:
    """Return the rows of a form; after errors, which number only the filled ones, no others."""
    rows = {name: typed_rows(form.values, name) for name in ROW_FIELDS}
    if form.errors:
        rows = {name: filled_rows(found) for name, found in rows.items()}
    _show_rows(form, rows)
    return rows


def _show_rows(form: Form, rows: Mapping[str, list[Row]]) -> None:
    values = {name: value for name, value in form.values.items() if not is_row_field(name)}
    for name, found in rows.items():
        values |= dict(numbered_rows(name, found))
    form.values = values


def _use_choices(kind: str, *, in_use: bool = False) -> list[tuple[str, str]]:
    return [("", "Not stated"), *((use, USES[use]) for use in uses_of(kind, in_use=in_use))]


def _language_choices(form: Form) -> list[tuple[str, str]]:
    """Return the languages by name, among them the one of the form."""
    current = form.value("language")
    tags = {*LANGUAGES, current} if current else {*LANGUAGES}
    choices = [(tag, language_label(tag)) for tag in tags]
    return [("", "Not provided"), *sorted(choices, key=lambda choice: choice[1])]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
