"""The pages of the register of patients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import VIEWED, AuditEntry, record_listing, record_view
from clinic.core.clock import now
from clinic.core.errors import Stale
from clinic.core.modules import registered_modules
from clinic.patients.rules import sex_label
from clinic.patients.schemas import PatientSchema
from clinic.patients.service import Patient, patient_service
from clinic.staff.service import audit_service, clinic_service, last_change, names_of
from clinic.web.access import requires
from clinic.web.formats import born
from clinic.web.forms import Form, date_parts, load_form, sent_version, with_dates
from clinic.web.lists import next_url, page_query, page_url
from clinic.web.telling import record_kinds, seen_of
from clinic.web.versions import compared
from clinic.web.wording import Record, Typed, by_label, record_at, worded

blueprint = Blueprint("patients", __name__, url_prefix="/patients", template_folder="templates")

PAGE = 20
LOOKS = 100
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


AS_TYPED = by_label(LABELS, birth_date=birth_date_words, sex=sex_label)


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
@worded("New patient", AS_TYPED)
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
    panels = [panel for module in registered_modules() for panel in module.get_patient_panels(patient_id)]
    return render_template("patients/show.html", patient=patient, panels=panels)


@blueprint.get("/<uuid:patient_id>/looks")
@requires("audit:read")
def looks(patient_id: UUID) -> ResponseReturnValue:
    """Show who looked at a patient's record, to print."""
    patient = _looked_at(patient_id)
    _, after = page_query()
    found = audit_service.who_looked(patient_id, limit=LOOKS, after=after)
    return render_template(
        "patients/looks.html",
        patient=patient,
        found=found,
        seen=_seen(found.rows),
        names=names_of(entry.actor for entry in found.rows),
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
@worded("Change", AS_TYPED, about=("of", _this_patient))
def update(patient_id: UUID) -> ResponseReturnValue:
    """Change a patient as the form says."""
    patient, form = patient_service.get(patient_id), load_form(PatientSchema())
    if form.errors:
        record_view("patients", patient.id, patient.id)
        return render_template("patients/edit.html", patient=patient, form=form, version=sent_version()), 422
    patient_service.update(patient_id, version=sent_version(), **form.data)
    flash(f"Saved: {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient_id), 303)


@blueprint.errorhandler(Stale)
def compare(_error: Stale) -> ResponseReturnValue:
    """Show both versions of a patient whom somebody else has changed, to choose from field by field."""
    patient = _looked_at((request.view_args or {})["patient_id"])
    mine = PatientSchema().load(with_dates(request.form.to_dict(), only=FIELDS))
    theirs = PatientSchema().dump(patient)
    labels = {name: label for name, label in LABELS.items() if name in theirs}
    shown = {
        "fields": compared(labels, _in_words(mine, labels), _in_words(theirs, labels)),
        "version": patient.version,
        "saved_at": patient.updated_at,
        "change": last_change("patients", patient.id),
    }
    return render_template("patients/conflict.html", patient=patient, **shown), 409


def _in_words(said: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: said.get(name) or "" for name in names}


def _looked_at(patient_id: UUID) -> Patient:
    """Return a patient who is about to be shown, which is noted."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


def _seen(looks: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return what was seen by each look in plain words."""
    kinds = record_kinds()
    alone = {look.id for look in looks if look.action == VIEWED and look.record == "patients"}
    return {look.id: "The record" if look.id in alone else seen_of(look, kinds) for look in looks}


def _filled(patient: Patient) -> Form:
    values = {name: str(getattr(patient, name) or "") for name in FIELDS}
    return Form(values | date_parts("birth_date", patient.birth_date))
