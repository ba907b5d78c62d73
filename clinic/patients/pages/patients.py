"""Pages of patients: list, search, registration, record, access log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import VIEWED, AuditEntry, record_listing, record_view
from clinic.core.clock import now
from clinic.core.errors import StaleVersion
from clinic.core.modules import panels_of
from clinic.identity.actor_names import actor_names
from clinic.identity.clinics import clinic_service
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.consent_rows import columns_of, initial_ticks, registration_rows, rows_of
from clinic.patients.rules import LANGUAGES, language_label, sex_label
from clinic.patients.schemas import PatientSchema, RegistrationForm
from clinic.patients.service import Patient, consent_service, patient_service
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, date_parts, initial_form, load_form, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery, SearchQuery
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.template_filters import born

PAGE = 20
ACCESS_LOG_PAGE = 100
LABELS = {
    "given_name": "Given names",
    "family_name": "Family name",
    "preferred_name": "Preferred name",
    "birth_date": "Date of birth",
    "sex": "Sex recorded for care",
    "pronouns": "Pronouns",
    "phone": "Phone",
    "email": "Email",
    "language": "Language",
    "address": "Address",
}


def birth_date_text(value: str) -> str:
    """Return a birth date with the age in the clinic's time zone."""
    return born(value, clinic_service.current().zone)


FORMATTERS = {"birth_date": birth_date_text, "language": language_label, "sex": sex_label}


@blueprint.get("")
@requires("patients:read")
def index() -> ResponseReturnValue:
    """List the patients registered last, or those that a search finds."""
    filters, after = parse_list_query(SearchQuery(only=("q", "cursor")))
    query = filters.get("q")
    if query:
        found = patient_service.search(query, limit=PAGE, after=after)
    else:
        found = patient_service.list(limit=PAGE, after=after)
    record_listing("patients", (patient.id for patient in found.rows))
    return render_template("patients/index.html", found=found, query=query, next_url=next_url(found, filters))


@blueprint.get("/new")
@requires("patients:write")
def new() -> ResponseReturnValue:
    """Show the form of a new patient."""
    return _new_patient_page(initial_form({"not_asked": "1"} | request.args.to_dict(), ticked=initial_ticks()))


@blueprint.post("/new")
@requires("patients:write")
@idempotent
def create() -> ResponseReturnValue:
    """Register a patient from the form."""
    form = load_form(RegistrationForm())
    if form.errors:
        return _new_patient_page(form), 422
    patient = patient_service.create(**form.data)
    flash(f"Registered as {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient.id), 303)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
def show(patient_id: UUID) -> ResponseReturnValue:
    """Show a patient, with the panels of the other modules."""
    patient = _get_and_record_view(patient_id)
    consent = consent_service.get(patient_id)
    return render_template(
        "patients/show.html",
        patient=patient,
        consent=rows_of(consent, names=actor_names(one.recorded_by for one in consent.answers if one.recorded_by)),
        columns=columns_of(None),
        panels=panels_of("patients.show", patient_id),
    )


@blueprint.get("/<uuid:patient_id>/access-log")
@requires("audit:read")
def access_log(patient_id: UUID) -> ResponseReturnValue:
    """Show the access log of a patient's record, to print."""
    patient = _get_and_record_view(patient_id)
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    found = audit_service.access_log(patient_id, limit=ACCESS_LOG_PAGE, after=after)
    return render_template(
        "patients/access_log.html",
        patient=patient,
        found=found,
        viewed=_viewed_texts(found.rows),
        names=actor_names(entry.actor for entry in found.rows),
        printed_at=now(),
        next_url=next_url(found, {}),
    )


@blueprint.get("/<uuid:patient_id>/edit")
@requires("patients:write")
def edit(patient_id: UUID) -> ResponseReturnValue:
    """Show the form of a patient."""
    patient = patient_service.get(patient_id)
    return _edit_page(patient, initial_form(_form_values(patient), version=patient.version))


@blueprint.post("/<uuid:patient_id>/edit")
@requires("patients:write")
@idempotent
def update(patient_id: UUID) -> ResponseReturnValue:
    """Change a patient with the values of the form."""
    patient = patient_service.get(patient_id)
    form = load_form(PatientSchema(exclude=("consent",), stored_phone=lambda: patient.phone))
    if form.errors:
        return _edit_page(patient, form), 422
    try:
        patient_service.update(patient_id, version=sent_version(), **form.data)
    except StaleVersion:
        return _conflict_page(patient_service.get(patient_id), form), 409
    flash(f"Saved: {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient_id), 303)


def _new_patient_page(form: Form) -> str:
    return render_template(
        "patients/new.html",
        form=form,
        languages=_language_choices(form),
        consent=registration_rows(form),
        columns=columns_of(None),
    )


def _edit_page(patient: Patient, form: Form) -> str:
    record_view("patients", patient.id, patient.id)
    return render_template("patients/edit.html", patient=patient, form=form, languages=_language_choices(form))


def _conflict_page(patient: Patient, form: Form) -> str:
    """Return both versions of a patient whom somebody else has changed, to choose from field by field."""
    record_view("patients", patient.id, patient.id)
    theirs = PatientSchema().dump(patient)
    labels = {name: label for name, label in LABELS.items() if name in theirs}
    return render_template(
        "patients/conflict.html",
        patient=patient,
        fields=field_differences(labels, _texts(form.data, labels), _texts(theirs, labels), FORMATTERS),
        version=patient.version,
        saved_at=patient.updated_at,
        change=audit_service.last_change("patients", patient.id),
    )


def _language_choices(form: Form) -> list[tuple[str, str]]:
    """Return the languages by name, among them the one of the form."""
    current = form.value("language")
    tags = {*LANGUAGES, current} if current else {*LANGUAGES}
    choices = [(tag, language_label(tag)) for tag in tags]
    return [("", "Not provided"), *sorted(choices, key=lambda choice: choice[1])]


def _texts(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: data.get(name) or "" for name in names}


def _get_and_record_view(patient_id: UUID) -> Patient:
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


def _viewed_texts(entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return what each entry of the access log viewed, by the entry's id."""
    own = {entry.id: "Patient record" for entry in entries if (entry.action, entry.record) == (VIEWED, "patients")}
    return {**audit_service.viewed_texts(entries), **own}


def _form_values(patient: Patient) -> dict[str, str]:
    values = {name: str(getattr(patient, name) or "") for name in LABELS}
    return values | date_parts("birth_date", patient.birth_date)
