"""Pages of credit notes."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.confirmed import note_change, viewed_invoice
from clinic.billing.pages.document import document_of_credit_note
from clinic.billing.pages.labels import tax_text
from clinic.billing.rules import CREDIT_REASONS
from clinic.billing.schemas.corrections import CreditNoteForm, filled_lines
from clinic.billing.service import Invoice, InvoiceChanged, billing_service
from clinic.billing.totals import Totals
from clinic.core.audit import record_view
from clinic.core.errors import ClinicError, Conflict, InvalidInput
from clinic.core.money import Money
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse, sent_version
from clinic.web.idempotency import idempotent_with_key


@blueprint.get("/<uuid:invoice_id>/credit-note")
@requires("credits:write")
def credit_form(invoice_id: UUID) -> ResponseReturnValue:
    """Ask what of an invoice is credited, and why."""
    invoice = viewed_invoice(invoice_id)
    return _credit_page(invoice, initial_form({"what": "whole"}), _planned(invoice, None))


@blueprint.post("/<uuid:invoice_id>/credit-note")
@requires("credits:write")
@idempotent_with_key
def credit(invoice_id: UUID) -> ResponseReturnValue:
    """Issue a credit note, or work out what it comes to, for which it needs no reason yet."""
    is_check = "act" in request.form
    invoice, form = viewed_invoice(invoice_id), load_form(CreditNoteForm(partial=("reason",) if is_check else None))
    rows = filled_lines(form.values)
    totals = _planned(invoice, form.data.get("lines")) if form.data or not form.errors else None
    if is_check:
        form.errors = {name: found for name, found in form.errors.items() if name.startswith("lines")}
        return _credit_page(invoice, _at_rows(form, rows), totals)
    if form.errors:
        return _credit_page(invoice, note_change(_at_rows(form, rows), invoice), totals), 422
    try:
        made = billing_service.credit_invoice(invoice_id, version=sent_version(), **form.data)
    except (InvalidInput, Conflict, InvoiceChanged) as error:
        return refuse(_credit_page(invoice, _at_rows(form.reject(error, "lines"), rows), totals), error)
    flash(f"Issued as {made.number}")
    return redirect(url_for(".show_credit_note", credit_note_id=made.id), 303)


@blueprint.get("/credit-notes/<uuid:credit_note_id>")
@requires("invoices:read")
def show_credit_note(credit_note_id: UUID) -> ResponseReturnValue:
    """Show a credit note."""
    return _document_page("billing/credit_note.html", credit_note_id)


@blueprint.get("/credit-notes/<uuid:credit_note_id>/print")
@requires("invoices:read")
def print_credit_note(credit_note_id: UUID) -> ResponseReturnValue:
    """Show a credit note as it is printed, and nothing else."""
    return _document_page("billing/print_credit_note.html", credit_note_id)


def _document_page(template: str, credit_note_id: UUID) -> str:
    found = billing_service.get_credit_note(credit_note_id)
    record_view("credit_notes", found.id, found.patient_id)
    return render_template(
        template,
        record=found,
        document=document_of_credit_note(found),
        totals=Totals(found.groups, found.net, found.tax),
        patient=patient_service.get(found.patient_id),
        reason=CREDIT_REASONS[found.reason],
    )


def _planned(invoice: Invoice, lines: Any) -> Totals | None:
    """Return what a credit note would come to, None if it can't be issued."""
    try:
        return billing_service.plan_credit(invoice, lines)[1]
    except ClinicError:
        return None


def _at_rows(form: Form, rows: list[tuple[int, dict[str, str]]]) -> Form:
    """Put the errors of lines at the rows in which they were typed."""
    found: dict[str, list[str]] = {}
    for name, messages in form.errors.items():
        parts = name.split("-")
        of_row = parts[0] == "lines" and len(parts) > 1
        place = f"lines-{rows[int(parts[1])][0]}-quantity" if of_row else name
        found.setdefault(place, []).extend(messages)
    form.errors = found
    return form


def _credit_page(invoice: Invoice, form: Form, totals: Totals | None) -> str:
    return render_template(
        "billing/credit_note_form.html",
        record=invoice,
        patient=patient_service.get(invoice.patient_id),
        form=form,
        lefts=billing_service.creditable(invoice),
        reasons=CREDIT_REASONS,
        totals=totals,
        figures=_figures(invoice, totals.gross if totals else Money(0, invoice.currency)),
        tax_text=tax_text,
    )


def _figures(invoice: Invoice, credited: Money) -> list[tuple[str, Money, Money]]:
    """Return the figures of an invoice before and after a credit note."""
    excess = Money(max(credited.minor - invoice.due.minor, 0), invoice.currency)
    return [
        ("Invoice", invoice.total, invoice.total),
        ("Credited", invoice.credited, invoice.credited + credited),
        ("Paid", invoice.paid, invoice.paid - excess),
        ("Due", invoice.due, invoice.due - credited + excess),
    ]
