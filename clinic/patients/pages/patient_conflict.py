"""The page with both versions of a patient whom two people changed at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import render_template

from clinic.audit.service import audit_service
from clinic.core.audit import record_view
from clinic.patients.pages.patient_form import record_rows
from clinic.patients.pages.record_texts import FORMATTERS, LABELS, LIST_LABELS, row_text
from clinic.patients.schemas.patient_rows import LISTS_SHOWN, WHOLE, Row, whole_list
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.service import Patient
from clinic.web.edit_conflict import Difference, field_differences
from clinic.web.forms import Form


def conflict_page(patient: Patient, form: Form) -> str:
    """Return both versions of a patient whom somebody else has changed, to choose from field by field."""
    record_view("patients", patient.id, patient.id)
    theirs = PatientSchema().dump(patient)
    labels = {name: label for name, label in LABELS.items() if name in theirs}
    fields = field_differences(labels, _texts(form.data, labels), _texts(theirs, labels), FORMATTERS)
    return render_template(
        "patients/conflict.html",
        patient=patient,
        fields=[*fields, *_list_differences(form.data, theirs)],
        version=patient.version,
        saved_at=patient.updated_at,
        change=audit_service.last_change("patients", patient.id),
    )


def _list_differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """Return the lists in both versions, each as one field, and the field that names them."""
    stored, typed = record_rows(theirs), record_rows(mine)
    for name, rows in stored.items():
        own = typed.get(name, rows)
        yield Difference(
            WHOLE + name, LIST_LABELS[name], whole_list(own), whole_list(rows), _rows_text(own), _rows_text(rows)
        )
    names = " ".join(stored)
    yield Difference(LISTS_SHOWN, "", names, names, "", "")


def _rows_text(rows: list[Row]) -> str:
    return "; ".join(row_text(row) for row in rows)


def _texts(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {name: "" if data.get(name) is None else str(data[name]) for name in names}
