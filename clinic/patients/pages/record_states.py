"""Pages that archive a patient's record, restore it, and record that a patient has died."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.clock import today
from clinic.core.errors import StaleVersion
from clinic.core.modules import panels_of
from clinic.identity.clinics import clinic_service
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.refused import refused_page
from clinic.patients.schemas.record_states import DeathSchema
from clinic.patients.service import InvalidPatient, Patient, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, date_parts, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.template_filters import day
from clinic.web.toasts import flash_with_undo


@blueprint.route("/<uuid:patient_id>/archive", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".show", "patient_id")
@idempotent
def archive(patient_id: UUID) -> ResponseReturnValue:
    """Archive a patient's record."""
    return _change(patient_id, patient_service.archive, "Archived: in no list and no search.", ".restore")


@blueprint.route("/<uuid:patient_id>/restore", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".show", "patient_id")
@idempotent
def restore(patient_id: UUID) -> ResponseReturnValue:
    """Restore an archived record."""
    return _change(patient_id, patient_service.restore, "Restored: it can be found and booked again.", ".archive")


@blueprint.get("/<uuid:patient_id>/death")
@requires("patients:write")
def death(patient_id: UUID) -> ResponseReturnValue:
    """Show the form that records a death, with the visits that are still to come."""
    patient = patient_service.get(patient_id)
    known = patient.deceased_on or today(clinic_service.current().zone)
    values = date_parts("deceased_on", known.isoformat())
    return _death_page(patient, initial_form(values, version=patient.version))


@blueprint.post("/<uuid:patient_id>/death")
@requires("patients:write")
@idempotent
def record_death(patient_id: UUID) -> ResponseReturnValue:
    """Record the day on which a patient died."""
    form = load_form(DeathSchema())
    if form.errors:
        return _death_page(patient_service.get(patient_id), form), 422
    try:
        patient = patient_service.record_death(patient_id, version=sent_version(), **form.data)
    except (InvalidPatient, StaleVersion) as error:
        found = patient_service.get(patient_id)
        form.version = found.version
        return refuse(_death_page(found, form.reject(error)), error)
    text = f"Recorded: died on {day(form.data['deceased_on'])}. No message is sent any more."
    flash_with_undo(text, url_for(".undo_death", patient_id=patient_id), version=patient.version)
    return redirect(url_for(".show", patient_id=patient_id), 303)


@blueprint.route("/<uuid:patient_id>/death/undo", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".death", "patient_id")
@idempotent
def undo_death(patient_id: UUID) -> ResponseReturnValue:
    """Take back that a patient has died."""
    try:
        patient_service.undo_death(patient_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(patient_id, error)
    flash("Taken back: the patient is not recorded as deceased")
    return redirect(url_for(".show", patient_id=patient_id), 303)


def _change(patient_id: UUID, change: Callable[..., Patient], text: str, undo: str) -> ResponseReturnValue:
    """Change the state of a record, and offer to undo that."""
    try:
        patient = change(patient_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(patient_id, error)
    flash_with_undo(text, url_for(undo, patient_id=patient_id), version=patient.version)
    return redirect(url_for(".show", patient_id=patient_id), 303)


def _death_page(patient: Patient, form: Form) -> str:
    record_view("patients", patient.id, patient.id)
    panels = panels_of("patients.death", patient.id)
    return render_template("patients/death.html", patient=patient, form=form, panels=panels)
