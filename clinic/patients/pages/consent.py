"""The page of a patient's consent: what is on record, the form that changes it, and its history."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.core.errors import ClinicError, StaleVersion
from clinic.identity.actor_names import actor_names
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_rules import CHANNELS, GIVEN_SOURCES, PURPOSES, SOURCES, STATES, changed_answers
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.consent_rows import TONES, columns_of, effects_of, history_rows, initial_ticks, rows_of
from clinic.patients.schemas.consent import ConsentForm
from clinic.patients.service import (
    Consent,
    ConsentNotUndoable,
    ConsentState,
    InvalidConsent,
    consent_service,
    patient_service,
)
from clinic.web.authorization import requires
from clinic.web.forms import Form, date_parts, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.toasts import flash_with_undo

HISTORY_PAGE = 20


@blueprint.get("/<uuid:patient_id>/consent")
@requires("patients:read")
def consent(patient_id: UUID) -> ResponseReturnValue:
    """Show a patient's consent, its history, and to those who may write the form that changes it."""
    return _consent_page(patient_id)


@blueprint.post("/<uuid:patient_id>/consent")
@requires("patients:write")
@idempotent
def update_consent(patient_id: UUID) -> ResponseReturnValue:
    """Record the changes of the form."""
    form = load_form(ConsentForm())
    before = consent_service.get(patient_id)
    if form.errors:
        return _consent_page(patient_id, form), 422
    ticks = {purpose: form.data[purpose] for purpose in PURPOSES}
    answers = changed_answers(before.states, ticks, form.data["refused"])
    details: dict[str, Any] = {name: form.data.get(name) for name in ("source", "answered_on", "note")}
    try:
        after = consent_service.record(patient_id, answers, version=sent_version(), **details)
    except (InvalidConsent, StaleVersion) as error:
        return refuse(_consent_page(patient_id, form, refusal=error), error)
    if after.version == before.version:
        flash("Consent is as it was: nothing changed")
    else:
        _offer_undo("Consent saved.", after)
    return redirect(url_for(".consent", patient_id=patient_id), 303)


@blueprint.route("/<uuid:patient_id>/consent/withdrawal", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".consent", "patient_id")
@idempotent
def withdraw_consent(patient_id: UUID) -> ResponseReturnValue:
    """Withdraw all consent of a patient."""
    try:
        after = consent_service.withdraw_all(patient_id, version=sent_version())
    except (InvalidConsent, StaleVersion) as error:
        return refuse(_consent_page(patient_id, refusal=error), error)
    _offer_undo("All consent withdrawn: no message goes to this patient.", after)
    return redirect(url_for(".consent", patient_id=patient_id), 303)


@blueprint.route("/<uuid:patient_id>/consent/undo", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".consent", "patient_id")
@idempotent
def undo_consent(patient_id: UUID) -> ResponseReturnValue:
    """Undo the latest change of a patient's consent."""
    try:
        consent_service.undo(patient_id, version=sent_version())
    except (ConsentNotUndoable, StaleVersion) as error:
        return refuse(_consent_page(patient_id, refusal=error), error)
    flash("Undone: consent is as before")
    return redirect(url_for(".consent", patient_id=patient_id), 303)


def _offer_undo(text: str, after: Consent) -> None:
    flash_with_undo(text, url_for(".undo_consent", patient_id=after.id), version=after.version)


def _consent_page(patient_id: UUID, form: Form | None = None, *, refusal: ClinicError | None = None) -> str:
    """Return the page of a patient's consent, with the form as it was sent, and why nothing was saved."""
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    found = consent_service.get(patient_id)
    _, after = parse_list_query(ListQuery(only=("cursor",))) if request.method == "GET" else ({}, None)
    history = consent_service.history(patient_id, limit=HISTORY_PAGE, after=after)
    recorders = {one.recorded_by for one in found.answers} | {entry.recorded_by for entry in history.rows}
    names = actor_names(one for one in recorders if one)
    assumed = consent_service.assumed(patient_id)
    shown = _form(found, form, refusal)
    is_conflict = isinstance(refusal, StaleVersion) and form is not None
    reached = patient if current_actor().has_permission("patients:contact") else None
    return render_template(
        "patients/consent.html",
        patient=patient,
        form=shown,
        rows=rows_of(found, shown, names),
        columns=columns_of(reached),
        effects=effects_of(found, reached),
        conflict=is_conflict,
        latest=_latest(found),
        history=history_rows(history.rows, [] if history.next_key else assumed, clinic_service.current().zone),
        shown=len(history.rows) + (0 if history.next_key else len(assumed)),
        total=consent_service.count_history(patient_id) + len(assumed),
        next_url=next_url(history, {}),
        names=names,
        labels={"purpose": PURPOSES, "channel": CHANNELS, "state": STATES, "source": SOURCES, "tone": TONES},
        given_sources=list(GIVEN_SOURCES.items()),
    )


def _latest(consent: Consent) -> ConsentState | None:
    """Return the latest answer on record."""
    answers = [one for one in consent.answers if one.recorded_by and one.recorded_at]
    return max(answers, key=lambda one: str(one.recorded_at), default=None)


def _form(consent: Consent, form: Form | None, refusal: ClinicError | None) -> Form:
    """Return the form of a patient's consent: as it was sent, or with what is on record."""
    if form is None:
        day = date_parts("answered_on", today(clinic_service.current().zone).isoformat())
        form = initial_form({"source": "in-person"} | day, ticked=initial_ticks(consent), version=consent.version)
    if isinstance(refusal, StaleVersion):
        form.version = consent.version
    return form.reject(refusal) if refusal else form
