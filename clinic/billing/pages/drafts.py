"""Pages of drafts: made by hand or from a visit, changed, duplicated, deleted."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.draft_conflict import draft_conflict_page
from clinic.billing.pages.draft_form import (
    ROWS,
    buttons_pressed,
    change_rows,
    draft_page,
    find_visit,
    name_items,
    values_of,
    values_of_visit,
)
from clinic.billing.schemas.invoices import DraftForm, InvoiceForm
from clinic.billing.service import Invoice, billing_service
from clinic.core.audit import record_view
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.patients.service import PatientArchived, PatientNotFound, SeveralPatients, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent


@blueprint.get("/new")
@requires("invoices:write")
def new() -> ResponseReturnValue:
    """Show the form of a new invoice, maybe for a patient or an appointment."""
    visit = find_visit(request.args.get("appointment", ""))
    values = {"patient": request.args.get("patient", "")} if visit is None else values_of_visit(visit)
    return draft_page(initial_form(values))


@blueprint.post("/new")
@requires("invoices:write")
@idempotent
def create() -> ResponseReturnValue:
    """Draft an invoice from the form, or show the form again with other rows."""
    form = load_form(InvoiceForm())
    if buttons_pressed():
        return draft_page(change_rows(form), more=ROWS * ("more" in request.form))
    if form.errors:
        return draft_page(form), 422
    try:
        name_items(form)
        patient = patient_service.choose(form.data.pop("patient"))
        invoice = billing_service.create(patient_id=patient.id, **form.data)
    except SeveralPatients as error:
        form.errors["patient"] = ["Several patients match: choose one"]
        return draft_page(form, candidates=error.candidates), 422
    except (InvalidInput, PatientArchived, PatientNotFound) as error:
        return refuse(draft_page(form.reject(error, "patient")), error)
    flash("Saved as a draft")
    return redirect(url_for(".show", invoice_id=invoice.id), 303)


@blueprint.get("/<uuid:invoice_id>/edit")
@requires("invoices:write")
def edit(invoice_id: UUID) -> ResponseReturnValue:
    """Show the form of a draft; an issued invoice is only shown."""
    invoice = _viewed(invoice_id)
    if not invoice.is_draft:
        return redirect(url_for(".show", invoice_id=invoice_id), 303)
    return draft_page(initial_form(values_of(invoice), version=invoice.version), invoice=invoice)


@blueprint.post("/<uuid:invoice_id>/edit")
@requires("invoices:write")
@idempotent
def update(invoice_id: UUID) -> ResponseReturnValue:
    """Change a draft as the form says, or show the form again with other rows."""
    invoice, form = _viewed(invoice_id), load_form(DraftForm())
    if buttons_pressed():
        return draft_page(change_rows(form), invoice=invoice, more=ROWS * ("more" in request.form))
    if form.errors:
        return draft_page(form, invoice=invoice), 422
    try:
        name_items(form)
        billing_service.update(invoice_id, version=sent_version(), **form.data)
    except StaleVersion:
        return draft_conflict_page(billing_service.get(invoice_id), form), 409
    except (InvalidInput, Conflict) as error:
        return refuse(draft_page(form.reject(error), invoice=invoice), error)
    flash("The draft is saved")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.route("/<uuid:invoice_id>/duplicate", methods=["GET", "POST"])
@requires("invoices:write")
@posted_from(".show", "invoice_id")
@idempotent
def duplicate(invoice_id: UUID) -> ResponseReturnValue:
    """Draft an invoice with the lines of another one."""
    invoice = billing_service.duplicate(invoice_id)
    flash("Copied as a draft")
    return redirect(url_for(".edit", invoice_id=invoice.id), 303)


@blueprint.get("/<uuid:invoice_id>/deletion")
@requires("invoices:write")
def deletion(invoice_id: UUID) -> ResponseReturnValue:
    """Ask whether a draft is to be deleted."""
    return _deletion_page(_viewed(invoice_id))


@blueprint.post("/<uuid:invoice_id>/deletion")
@requires("invoices:write")
@idempotent
def delete(invoice_id: UUID) -> ResponseReturnValue:
    """Delete a draft."""
    try:
        billing_service.delete(invoice_id, version=sent_version())
    except (Conflict, StaleVersion) as error:
        found = billing_service.get(invoice_id)
        return refuse(_deletion_page(found, Form(version=found.version).reject(error)), error)
    flash("The draft is deleted")
    return redirect(url_for(".index"), 303)


def _viewed(invoice_id: UUID) -> Invoice:
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    return invoice


def _deletion_page(invoice: Invoice, form: Form | None = None) -> str:
    return render_template(
        "billing/deletion.html",
        record=invoice,
        links=billing_service.part_links(invoice),
        patient=patient_service.get(invoice.patient_id),
        form=form or initial_form(version=invoice.version),
    )
