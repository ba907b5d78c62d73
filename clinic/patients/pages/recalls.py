"""Pages of recalls: the worklist, and the forms of a new one and of one on record."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import record_listing, record_view
from clinic.core.clock import today
from clinic.core.errors import StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.patient_form import next_acts
from clinic.patients.pages.refused import refused_page
from clinic.patients.recall_rules import DUE, RECALL_STATES, WORKLIST
from clinic.patients.schemas.recalls import RecallQuery, RecallSchema
from clinic.patients.service import InvalidRecall, Recall, RecallClosed, patient_service, recall_service
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, date_parts, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.toasts import flash_with_undo

PAGE = 20
LABELS = {"due_on": "Due on", "reason": "What for", "practitioner": "Practitioner", "service": "Service"}


@blueprint.get("/recalls")
@requires("patients:read")
def recalls() -> ResponseReturnValue:
    """Show a part of the worklist."""
    after: Any
    filters, after = parse_list_query(RecallQuery(only=("show", "cursor")))
    show = filters.get("show", DUE)
    found = recall_service.list(show=show, limit=PAGE, after=after)
    page = render_template(
        "patients/recalls.html",
        found=found,
        show=show,
        parts=WORKLIST,
        counts=recall_service.counts(),
        patients=patient_service.get_many(recall.patient_id for recall in found.rows),
        today=today(clinic_service.current().zone),
        next_acts=next_acts(),
        next_url=next_url(found, filters),
    )
    record_listing("recalls", (recall.patient_id for recall in found.rows))
    return page


@blueprint.get("/<uuid:patient_id>/recalls/new")
@requires("patients:write")
def new_recall(patient_id: UUID) -> ResponseReturnValue:
    """Show the form of a new recall."""
    return _new_page(patient_id, initial_form())


@blueprint.post("/<uuid:patient_id>/recalls/new")
@requires("patients:write")
@idempotent
def create_recall(patient_id: UUID) -> ResponseReturnValue:
    """Record from the form when a patient is to be seen again."""
    form = load_form(RecallSchema())
    if form.errors:
        return _new_page(patient_id, form), 422
    try:
        recall_service.create(patient_id, **form.data)
    except InvalidRecall as error:
        return refuse(_new_page(patient_id, form.reject(error)), error)
    flash("Recall added")
    return redirect(url_for(".show", patient_id=patient_id), 303)


@blueprint.get("/recalls/<uuid:recall_id>/edit")
@requires("patients:write")
def edit_recall(recall_id: UUID) -> ResponseReturnValue:
    """Show the form of a recall."""
    recall = recall_service.get(recall_id)
    values = _form_values(recall)
    return _recall_page(recall, initial_form(values | date_parts("due_on", values["due_on"]), version=recall.version))


@blueprint.post("/recalls/<uuid:recall_id>/edit")
@requires("patients:write")
@idempotent
def update_recall(recall_id: UUID) -> ResponseReturnValue:
    """Change a recall as the form says."""
    recall, form = recall_service.get(recall_id), load_form(RecallSchema())
    if form.errors:
        return _recall_page(recall, form), 422
    try:
        recall_service.update(recall_id, version=sent_version(), **form.data)
    except (InvalidRecall, RecallClosed) as error:
        return refuse(_recall_page(recall_service.get(recall_id), form.reject(error)), error)
    except StaleVersion:
        return _conflict_page(recall_service.get(recall_id), form), 409
    flash("Saved")
    return redirect(url_for(".show", patient_id=recall.patient_id), 303)


@blueprint.route("/recalls/<uuid:recall_id>/complete", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_recall", "recall_id")
@idempotent
def complete_recall(recall_id: UUID) -> ResponseReturnValue:
    """Record that a recall is done."""
    return _change(recall_id, recall_service.complete, "Recall done.")


@blueprint.route("/recalls/<uuid:recall_id>/drop", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_recall", "recall_id")
@idempotent
def drop_recall(recall_id: UUID) -> ResponseReturnValue:
    """Record that the patient is not to be seen again."""
    return _change(recall_id, recall_service.drop, "Recall dropped.")


@blueprint.route("/recalls/<uuid:recall_id>/reopen", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_recall", "recall_id")
@idempotent
def reopen_recall(recall_id: UUID) -> ResponseReturnValue:
    """Open a recall again."""
    try:
        recall = recall_service.reopen(recall_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(recall_service.get(recall_id).patient_id, error)
    flash("Recall open again")
    return redirect(url_for(".show", patient_id=recall.patient_id), 303)


def _change(recall_id: UUID, change: Callable[..., Recall], text: str) -> ResponseReturnValue:
    """Close a recall, and offer to open it again."""
    try:
        recall = change(recall_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(recall_service.get(recall_id).patient_id, error)
    flash_with_undo(text, url_for(".reopen_recall", recall_id=recall_id), version=recall.version)
    return redirect(url_for(".recalls"), 303)


def _new_page(patient_id: UUID, form: Form) -> str:
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    return render_template("patients/recall.html", patient=patient, form=form, recall=None)


def _recall_page(recall: Recall, form: Form) -> str:
    record_view("recalls", recall.id, recall.patient_id)
    patient = patient_service.get(recall.patient_id)
    return render_template("patients/recall.html", patient=patient, form=form, recall=recall, states=RECALL_STATES)


def _conflict_page(recall: Recall, form: Form) -> str:
    """Return both versions of a recall that somebody else has changed, to choose from field by field."""
    record_view("recalls", recall.id, recall.patient_id)
    mine = {name: str(form.data.get(name) or "") for name in LABELS}
    return render_template(
        "patients/recall_conflict.html",
        recall=recall,
        fields=field_differences(LABELS, mine, _form_values(recall)),
        version=recall.version,
        saved_at=recall.updated_at,
        change=audit_service.last_change("recalls", recall.id),
    )


def _form_values(recall: Recall) -> dict[str, str]:
    return {name: str(getattr(recall, name) or "") for name in LABELS}
