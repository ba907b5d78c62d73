"""Pages of patients: list, search, registration, record, access log."""

from collections.abc import Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import VIEWED, AuditEntry, record_listing, record_view
from clinic.core.clock import now
from clinic.core.errors import StaleVersion
from clinic.core.modules import Panel, panels_of
from clinic.identity.actor_names import actor_names
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.candidates import candidates_to_show
from clinic.patients.pages.consent_rows import columns_of, initial_ticks, registration_rows, rows_of
from clinic.patients.pages.contact_card import contact_card
from clinic.patients.pages.patient_conflict import conflict_page
from clinic.patients.pages.patient_form import form_context, form_values, next_acts, pressed_row_button
from clinic.patients.pages.patient_list import list_page
from clinic.patients.pages.search_results import search_page
from clinic.patients.pages.timeline_card import timeline_card
from clinic.patients.schemas.patient_list import PatientPageQuery
from clinic.patients.schemas.patients import EditForm, RegistrationForm
from clinic.patients.service import Candidate, Patient, Relation, consent_service, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query

PAGE = 20
ACCESS_LOG_PAGE = 100


@blueprint.get("")
@requires("patients:read")
def index() -> ResponseReturnValue:
    """List patients, or those that a search finds."""
    filters, after = parse_list_query(PatientPageQuery(exclude=("limit",)))
    if query := filters.get("q"):
        return search_page(query, after, filters)
    return list_page(filters, after)


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
    if pressed_row_button(form):
        return _new_patient_page(form)
    if form.errors:
        return _new_patient_page(form), 422
    if new := candidates_to_show(form.data):
        return _new_patient_page(form, new), 409
    patient = patient_service.create(**form.data)
    flash(f"Registered as {patient.mrn}")
    then = request.form.get("then", "")
    if then in {act.context["endpoint"] for act in next_acts()}:
        return redirect(url_for(then, patient=patient.id), 303)
    return redirect(url_for(".show", patient_id=patient.id), 303)


@blueprint.get("/<uuid:patient_id>")
@requires("patients:read")
def show(patient_id: UUID) -> ResponseReturnValue:
    """Show a patient, with the panels of the other modules."""
    patient, consent = consent_service.get_with_patient(patient_id)
    panels = panels_of("patients.show", patient_id)
    relations = _relations(panels)
    page = render_template(
        "patients/show.html",
        patient=patient,
        consent=rows_of(consent),
        by_guardian=any(one.by_guardian for one in consent.answers),
        columns=columns_of(None),
        timeline=timeline_card(patient),
        card=contact_card(patient, relations),
        panels=panels,
    )
    # last, as it ends the transaction with what was read in it
    others = {relation.other.id for relation in relations if relation.other}
    record_listing("patients", others, viewed=(patient.id, patient.id))
    return page


@blueprint.get("/<uuid:patient_id>/access-log")
@requires("audit:read")
def access_log(patient_id: UUID) -> ResponseReturnValue:
    """Show the access log of a patient's record, to print."""
    patient = _get_and_record_view(patient_id)
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    found = audit_service.access_log(patient.record_ids, limit=ACCESS_LOG_PAGE, after=after)
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
    return _edit_page(patient, initial_form(form_values(patient), version=patient.version))


@blueprint.post("/<uuid:patient_id>/edit")
@requires("patients:write")
@idempotent
def update(patient_id: UUID) -> ResponseReturnValue:
    """Change a patient with the values of the form."""
    patient = patient_service.get(patient_id)
    form = load_form(EditForm(stored_phones=lambda: patient.phones))
    if pressed_row_button(form):
        return _edit_page(patient, form)
    if form.errors:
        return _edit_page(patient, form), 422
    if new := candidates_to_show(form.data, patient):
        return _edit_page(patient, form, new), 409
    try:
        patient_service.update(patient_id, version=sent_version(), **form.data)
    except StaleVersion:
        return conflict_page(patient_service.get(patient_id), form), 409
    flash(f"Saved: {patient.mrn}")
    return redirect(url_for(".show", patient_id=patient_id), 303)


def _relations(panels: Sequence[Panel]) -> Sequence[Relation]:
    """Return the related persons whom the panels of a patient's page show."""
    return [relation for panel in panels for relation in panel.context.get("relations", ())]


def _new_patient_page(form: Form, candidates: Sequence[Candidate] = ()) -> str:
    return render_template(
        "patients/new.html",
        candidates=candidates,
        consent=registration_rows(form),
        columns=columns_of(None),
        next_acts=next_acts(),
        **form_context(form),
    )


def _edit_page(patient: Patient, form: Form, candidates: Sequence[Candidate] = ()) -> str:
    record_view("patients", patient.id, patient.id)
    return render_template("patients/edit.html", patient=patient, candidates=candidates, **form_context(form))


def _get_and_record_view(patient_id: UUID) -> Patient:
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return patient


def _viewed_texts(entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return what each entry of the access log viewed, by the entry's id."""
    own = {entry.id: "Patient record" for entry in entries if (entry.action, entry.record) == (VIEWED, "patients")}
    return {**audit_service.viewed_texts(entries), **own}
