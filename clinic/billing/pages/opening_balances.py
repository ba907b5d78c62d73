"""Pages of opening balances: entered, shown and reversed."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.opening_balances import OWED
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.schemas.corrections import ReasonSchema
from clinic.billing.schemas.opening_balances import OpeningBalanceForm
from clinic.billing.service import OpeningBalance, billing_service
from clinic.core.audit import record_view
from clinic.core.clock import today
from clinic.core.errors import Conflict, InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientMerged, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent_with_key

SIDES = {OWED: "The patient owed it", "credit": "The patient had it as credit"}


@blueprint.get("/opening-balance/<uuid:patient_id>")
@requires("credits:write")
def enter_opening_balance(patient_id: UUID) -> ResponseReturnValue:
    """Show the form of an opening balance, and those of the patient."""
    form = initial_form({"side": OWED, "as_of": today(clinic_service.current().zone).isoformat()})
    try:
        return _entry_page(patient_id, form)
    except PatientMerged as error:
        flash(error.message)
        return redirect(url_for(".enter_opening_balance", patient_id=error.survivor_id))


@blueprint.post("/opening-balance/<uuid:patient_id>")
@requires("credits:write")
@idempotent_with_key
def store_opening_balance(patient_id: UUID) -> ResponseReturnValue:
    """Enter an opening balance; the same form sent twice enters it once.

    If the record was merged meanwhile, the form is shown for the one that remains, with what was typed.
    """
    form = load_form(OpeningBalanceForm())
    try:
        patient_service.get(patient_id)
    except PatientMerged as error:
        return _entry_page(error.survivor_id, form.reject(error)), 409
    if form.errors:
        return _entry_page(patient_id, form), 422
    locale = clinic_service.current().locale
    try:
        entered = billing_service.enter_opening_balance(patient_id, **form.data)
    except (InvalidInput, Conflict) as error:
        return refuse(_entry_page(patient_id, form.reject(error)), error)
    flash(f"Opening balance of {entered.amount.format(locale)} entered")
    return redirect(url_for(".statement", patient_id=patient_id), 303)


@blueprint.get("/opening-balances/<uuid:opening_id>")
@requires("invoices:read")
def opening_balance(opening_id: UUID) -> ResponseReturnValue:
    """Show an opening balance, with the form to reverse it."""
    return _page(opening_id, initial_form())


@blueprint.post("/opening-balances/<uuid:opening_id>")
@requires("credits:write")
@idempotent_with_key
def reverse_opening_balance(opening_id: UUID) -> ResponseReturnValue:
    """Reverse an opening balance."""
    form = load_form(ReasonSchema())
    if form.errors:
        return _page(opening_id, form), 422
    try:
        billing_service.reverse_opening_balance(opening_id, **form.data)
    except (InvalidInput, Conflict) as error:
        return refuse(_page(opening_id, form.reject(error)), error)
    flash("The opening balance is reversed")
    return redirect(url_for(".opening_balance", opening_id=opening_id), 303)


def _entry_page(patient_id: UUID, form: Form) -> str:
    found = billing_service.opening_balances(patient_id)
    record_view("patients", patient_id, patient_id)
    return render_template(
        "billing/opening_balance_form.html",
        patient=patient_service.get(patient_id),
        openings=found,
        sides=SIDES,
        form=form,
    )


def _page(opening_id: UUID, form: Form) -> str:
    found: OpeningBalance = billing_service.get_opening_balance(opening_id)
    patient = patient_service.get(found.patient_id)
    record_view("patients", patient.id, patient.id)
    return render_template(
        "billing/opening_balance.html", opening=found, patient=patient, sides=SIDES, owed=OWED, form=form
    )
