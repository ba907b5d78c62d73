"""The pages of the register of patients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import VIEWED, AuditEntry, record_listing, record_view
from clinic.core.clock import now
from clinic.core.errors import StaleVersion
from clinic.core.modules import registered_modules
from clinic.identity.actor_names import actor_names
from clinic.identity.clinics import clinic_service
from clinic.patients.rules import sex_label
from clinic.patients.schemas import PatientSchema
from clinic.patients.service import Patient, patient_service
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.form_summary import Record, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, date_parts, load_form, sent_version, with_dates
from clinic.web.list_views import next_url, page_query, page_url
from clinic.web.template_filters import born

blueprint = Blueprint("patients", __name__, url_prefix="/patients", template_folder="templates")

PAGE = 20
ACCESSES = 100
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
FIELDS = tuple(LABELS)


def birth_date_words(typed: str) -> str:
    """Return a birth date with the age on the clinic's calendar."""
    return born(typed, clinic_service.current().zone)


def _this_patient(_typed: Typed, patient_id: UUID) -> Record:
    return record_at(f"patient {patient_service.get(patient_id).mrn}", "patients.show", patient_id=patient_id)


AS_TYPED = labelled_rows(LABELS, birth_date=birth_date_words, sex=sex_label)


@blueprint.get("")
@requires("patients:read")
def index() -> ResponseReturnValue:
    """List the latest patients, or those who were looked for."""
    words, after = page_query("q")
    if words:
        found = patient_service.search(words, limit=PAGE, after=after)
    else:
        found = patient_service.list(limit=PAGE, after=after)
    record_listing("patients", (patient.id for patient in found.rows))
    return render_template("patients/index.html", found=found, words=words, next_url=page_url(found, words))


@blueprint.get("/new")
@requires("patients:write")
def new() -> ResponseReturnValue:
    """Show the form of a new patient."""
    return render_template("patients/new.html", form=Form(request.args.to_dict()))


@blueprint.post("")
@requires("patients:write")
@form_summary("New patient", AS_TYPED)
def create() -> ResponseReturnValue:
    """Register a patient from the form."""
    form = load_form(PatientSchema())
    if form.errors:
        return render_template("patients/new.html", form=form), 422
    patient = patient_service.create(**form.data)
    flash(f"Registered as {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient.id), 303)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
def show(patient_id: UUID) -> ResponseReturnValue:
    """Show a patient, with what the other modules have to say."""
    patient = _looked_at(patient_id)
    panels = [panel for module in registered_modules() for panel in module.get_panels("patients.show", patient_id)]
    return render_template("patients/show.html", patient=patient, panels=panels)


@blueprint.get("/<uuid:patient_id>/access-log")
@requires("audit:read")
def access_log(patient_id: UUID) -> ResponseReturnValue:
    """Show the access log of a patient's record, to print."""
    patient = _looked_at(patient_id)
    _, after = page_query()
    found = audit_service.access_log(patient_id, limit=ACCESSES, after=after)
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
    """Show the form of a patient as it is."""
    patient = _looked_at(patient_id)
    return render_template("patients/edit.html", patient=patient, form=_filled(patient), version=patient.version)


@blueprint.post("/<uuid:patient_id>")
@requires("patients:write")
@form_summary("Change", AS_TYPED, about=("of", _this_patient))
def update(patient_id: UUID) -> ResponseReturnValue:
    """Change a patient as the form says."""
    patient, form = patient_service.get(patient_id), load_form(PatientSchema())
    if form.errors:
        record_view("patients", patient.id, patient.id)
        return render_template("patients/edit.html", patient=patient, form=form, version=sent_version()), 422
    patient_service.update(patient_id, version=sent_version(), **form.data)
    flash(f"Saved: {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient_id), 303)


@blueprint.errorhandler(StaleVersion)
def compare(_error: StaleVersion) -> ResponseReturnValue:
    """Show both versions of a patient whom somebody else has changed, to choose from field by field."""
    patient = _looked_at((request.view_args or {})["patient_id"])
    mine = PatientSchema().load(with_dates(request.form.to_dict(), only=FIELDS))
    theirs = PatientSchema().dump(patient)
    labels = {name: label for name, label in LABELS.items() if name in theirs}
    shown = {
        "fields": field_differences(labels, _in_words(mine, labels), _in_words(theirs, labels)),
        "version": patient.version,
        "saved_at": patient.updated_at,
        "change": audit_service.last_change("patients", patient.id),
    }
    return render_template("patients/conflict.html", patient=patient, **shown), 409


def _in_words(said: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: said.get(name) or "" for name in names}


def _looked_at(patient_id: UUID) -> Patient:
    """Return a patient who is about to be shown, which is noted."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


def _viewed_texts(entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return what each entry of the access log viewed, by the entry's id."""
    own = {entry.id: "Patient record" for entry in entries if (entry.action, entry.record) == (VIEWED, "patients")}
    return {**audit_service.viewed_texts(entries), **own}


def _filled(patient: Patient) -> Form:
    values = {name: str(getattr(patient, name) or "") for name in FIELDS}
    return Form(values | date_parts("birth_date", patient.birth_date))
