"""Pages of write-offs."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.confirmed import note_change, viewed_invoice
from clinic.billing.schemas.corrections import ReasonSchema
from clinic.billing.service import Invoice, InvoiceChanged, billing_service
from clinic.core.errors import Conflict, InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent_with_key


@blueprint.get("/<uuid:invoice_id>/write-off")
@requires("credits:write")
def write_off_form(invoice_id: UUID) -> ResponseReturnValue:
    """Ask whether the rest of an invoice is to be written off."""
    return _write_off_page(viewed_invoice(invoice_id), initial_form())


@blueprint.post("/<uuid:invoice_id>/write-off")
@requires("credits:write")
@idempotent_with_key
def write_off(invoice_id: UUID) -> ResponseReturnValue:
    """Write off the rest of an invoice, if it is what was shown."""
    form = load_form(ReasonSchema())
    if form.errors:
        invoice = viewed_invoice(invoice_id)
        return _write_off_page(invoice, note_change(form, invoice)), 422
    try:
        billing_service.write_off(invoice_id, version=sent_version(), **form.data)
    except (InvalidInput, Conflict, InvoiceChanged) as error:
        return refuse(_write_off_page(viewed_invoice(invoice_id), form.reject(error)), error)
    flash("The rest is written off")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.get("/write-offs/<uuid:write_off_id>/undo")
@requires("credits:write")
def write_off_undoing(write_off_id: UUID) -> ResponseReturnValue:
    """Ask whether a write-off is to be undone."""
    return _undo_page(write_off_id, initial_form())


@blueprint.post("/write-offs/<uuid:write_off_id>/undo")
@requires("credits:write")
@idempotent_with_key
def undo_write_off(write_off_id: UUID) -> ResponseReturnValue:
    """Undo a write-off."""
    form = load_form(ReasonSchema())
    if form.errors:
        return _undo_page(write_off_id, form), 422
    locale = clinic_service.current().locale
    try:
        undoing = billing_service.undo_write_off(write_off_id, **form.data)
    except (InvalidInput, Conflict) as error:
        return refuse(_undo_page(write_off_id, form.reject(error)), error)
    flash(f"{undoing.size.format(locale)} are due again")
    return redirect(url_for(".show", invoice_id=undoing.invoice_id), 303)


def _undo_page(write_off_id: UUID, form: Form) -> str:
    found = billing_service.get_write_off(write_off_id)
    invoice = viewed_invoice(found.invoice_id)
    patient = patient_service.get(invoice.patient_id)
    return render_template("billing/write_off_undo.html", record=invoice, write_off=found, patient=patient, form=form)


def _write_off_page(invoice: Invoice, form: Form) -> str:
    patient = patient_service.get(invoice.patient_id)
    return render_template("billing/write_off.html", record=invoice, patient=patient, form=form)
