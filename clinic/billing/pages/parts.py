"""Pages of parts of drafts that are billed to somebody else."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.confirmed import viewed_invoice
from clinic.billing.pages.payer_cards import PAYER_NAMES
from clinic.billing.payer_rules import OTHER
from clinic.billing.schemas.parts import SplitForm
from clinic.billing.service import Invoice, billing_service, chosen_payer, default_payer, payer_choices
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientArchived, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.get("/<uuid:invoice_id>/part")
@requires("invoices:write")
def split_form(invoice_id: UUID) -> ResponseReturnValue:
    """Show the form that bills a part of a draft to somebody else; an issued invoice is only shown."""
    invoice = viewed_invoice(invoice_id)
    if not invoice.is_draft:
        return redirect(url_for(".show", invoice_id=invoice_id), 303)
    return _split_page(invoice, initial_form({"payer": OTHER}, version=invoice.version))


@blueprint.post("/<uuid:invoice_id>/part")
@requires("invoices:write")
@idempotent
def split(invoice_id: UUID) -> ResponseReturnValue:
    """Bill a part of a draft to somebody else, as a draft of its own."""
    form = load_form(SplitForm())
    if form.errors:
        return _split_page(viewed_invoice(invoice_id), form), 422
    try:
        part = billing_service.split(invoice_id, version=sent_version(), **form.data)
    except StaleVersion as error:
        invoice = viewed_invoice(invoice_id)
        form.version = invoice.version
        return refuse(_split_page(invoice, form.reject(error)), error)
    except (InvalidInput, Conflict, PatientArchived) as error:
        return refuse(_split_page(viewed_invoice(invoice_id), _at_share(form.reject(error))), error)
    flash(f"{part.total.format(clinic_service.current().locale)} is a draft of its own now")
    return redirect(url_for(".show", invoice_id=part.id), 303)


def _at_share(form: Form) -> Form:
    """Put the errors of the percentage and of the amount at the field in which both are typed."""
    for name in ("percent", "amount"):
        if messages := form.errors.pop(name, None):
            form.errors["share"] = messages
    return form


def _split_page(invoice: Invoice, form: Form) -> str:
    """Return the form with those who can pay a part: all but the payer of the draft."""
    patient = patient_service.get(invoice.patient_id)
    choices = payer_choices(patient)
    present = chosen_payer(invoice, choices) if invoice.payer_kind else default_payer(choices)
    form.order = ["payer", *PAYER_NAMES, "share"]
    return render_template(
        "billing/split.html",
        record=invoice,
        patient=patient,
        present=present,
        payers=[one for one in choices if one is not present],
        form=form,
    )
