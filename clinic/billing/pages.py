"""The pages of invoices and payments."""

from secrets import token_urlsafe
from uuid import UUID

from flask import Blueprint, flash, get_template_attribute, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.rules import MOST_LINES, STATUSES, is_idempotency_key
from clinic.billing.schemas import InvoiceForm, InvoiceQuery, PaymentForm, row_values, typed_rows
from clinic.billing.service import IdempotencyKeyReused, Payment, PaymentTooLarge, billing_service
from clinic.core.audit import record_listing, record_view
from clinic.core.errors import Conflict, InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, PatientNotFound, patient_service
from clinic.web.authorization import requires
from clinic.web.fields import quantity_text
from clinic.web.form_summary import Record, Rows, Typed, form_summary, labelled_rows, record_at
from clinic.web.forms import Form, load_form, sent_version
from clinic.web.list_views import next_url, parse_list_query

blueprint = Blueprint("billing", __name__, url_prefix="/invoices", template_folder="templates")

PAGE = 20
ROWS = 3

blueprint.add_app_template_filter(quantity_text, "quantity")


def method_word(name: str) -> str | None:
    """Return how money can be paid in plain words, if this is one of the ways."""
    words: dict[str, str] = get_template_attribute("billing/_standings.html", "methods")
    return words.get(name)


def status_word(status: str) -> str | None:
    """Return a status of an invoice in plain words, if it is one."""
    words: dict[str, str] = get_template_attribute("billing/_standings.html", "statuses")
    return words.get(status)


def _this_invoice(_typed: Typed, invoice_id: UUID) -> Record:
    invoice = billing_service.get(invoice_id)
    name = f"invoice {invoice.number}" if invoice.number else "a draft invoice"
    return record_at(name, "billing.show", invoice_id=invoice_id)


def _billed_to(typed: Typed) -> Record:
    patient = patient_service.identify(typed.get("patient", ""))
    return record_at(f"patient {patient.mrn}", "patients.show", patient_id=patient.id)


def _as_drafted(typed: Typed) -> Rows:
    yield "Patient", typed.get("patient", "")
    for count, row in enumerate(typed_rows(typed.to_dict()), start=1):
        yield f"Line {count}", f"{row['quantity']} × {row['description']}, {row['unit_price']} each"


AS_PAID = labelled_rows({"amount": "Amount", "method": "How", "reference": "Reference"}, method=method_word)


@blueprint.get("")
@requires("invoices:read")
def index() -> ResponseReturnValue:
    """List invoices, the latest made first; maybe those of one status, of one patient."""
    filters, after = parse_list_query(InvoiceQuery())
    found = billing_service.list(**filters, limit=PAGE, after=after)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    return render_template(
        "billing/index.html",
        found=found,
        filters=filters,
        statuses=STATUSES,
        patients=patient_service.get_many(invoice.patient_id for invoice in found.rows),
        next_url=next_url(found, filters),
    )


@blueprint.get("/new")
@requires("invoices:write")
def new() -> ResponseReturnValue:
    """Show the form of a new invoice."""
    return _invoice_form(Form({"patient": request.args.get("patient", "")}))


@blueprint.post("")
@requires("invoices:write")
@form_summary("New invoice", _as_drafted, about=("for", _billed_to))
def create() -> ResponseReturnValue:
    """Draft an invoice from the form, or show the form again with more rows."""
    if "more" in request.form:
        return _invoice_form(_as_sent(), more=ROWS)
    form = load_form(InvoiceForm())
    if form.errors:
        return _invoice_form(form), 422
    patient = patient_service.identify(form.data.pop("patient"))
    invoice = billing_service.create(patient_id=patient.id, **form.data)
    flash("Saved as a draft")
    return redirect(url_for(".show", invoice_id=invoice.id), 303)


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Show an invoice, with the form to issue it or to take a payment."""
    return _invoice_page(invoice_id, Form())


@blueprint.post("/<uuid:invoice_id>/issue")
@requires("invoices:write")
@form_summary("Issue", about=("of", _this_invoice))
def issue(invoice_id: UUID) -> ResponseReturnValue:
    """Give a draft its number and date."""
    invoice = billing_service.issue(invoice_id, version=sent_version())
    flash(f"Issued as {invoice.number}")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@form_summary("Payment", AS_PAID, about=("for", _this_invoice))
def pay(invoice_id: UUID) -> ResponseReturnValue:
    """Take a payment; the same form sent twice takes it once."""
    form = load_form(PaymentForm())
    if form.errors:
        return _invoice_page(invoice_id, form), 422
    locale = clinic_service.current().locale
    payment = billing_service.record_payment(invoice_id, **form.data)
    flash(_taken(payment, locale))
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.errorhandler(InvalidInput)
def ask_again(error: InvalidInput) -> ResponseReturnValue:
    """Show the form again, with what was typed, to mend it."""
    form, invoice_id = _as_sent().reject(error), (request.view_args or {}).get("invoice_id")
    return (_invoice_page(invoice_id, form) if invoice_id else _invoice_form(form)), 422


@blueprint.errorhandler(PatientNotFound)
def ask_for_the_patient(error: PatientNotFound) -> ResponseReturnValue:
    """Show the form of an invoice again, with what was typed, to name another patient."""
    return _invoice_form(_as_sent({"patient": [error.message]})), 422


@blueprint.errorhandler(Conflict)
def show_why_not(error: Conflict) -> ResponseReturnValue:
    """Show the invoice as it is now, with what was typed and why it can't be done."""
    form = _as_sent({"amount" if isinstance(error, PaymentTooLarge) else "": [error.message]})
    if isinstance(error, IdempotencyKeyReused):
        form.values = {**form.values, "key": ""}
    return _invoice_page((request.view_args or {})["invoice_id"], form), 409


def _as_sent(errors: dict[str, list[str]] | None = None) -> Form:
    return Form(request.form.to_dict(), errors or {})


def _invoice_form(form: Form, *, more: int = 0) -> str:
    """Return the form of an invoice: the rows that were typed first, then empty ones."""
    typed = typed_rows(form.values)
    sent = sum(name.endswith("-description") for name in form.values)
    count = max(len(typed), min(max(sent, ROWS) + more, MOST_LINES))
    patient = _patient_named(form.value("patient"))
    rows = row_values(typed, count)
    form.values = {"patient": form.value("patient"), **rows}
    form.order = ["patient", "lines", *rows]
    return render_template("billing/new.html", form=form, patient=patient, count=count, most=MOST_LINES)


def _patient_named(typed: str) -> Patient | None:
    """Return the patient whom a number or an id as typed names, if it names one: the form shows who it is."""
    try:
        patient = patient_service.identify(typed.strip())
    except PatientNotFound:
        return None
    record_view("patients", patient.id, patient.id)
    return patient


def _invoice_page(invoice_id: UUID, form: Form) -> str:
    """Return an invoice's page; its form of a payment carries a key that stands for the next one."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    key = form.value("key") if is_idempotency_key(form.value("key")) else token_urlsafe(24)
    form.values = {"amount": invoice.due.amount, "method": "card", **form.values, "key": key}
    return render_template(
        "billing/show.html", invoice=invoice, patient=patient_service.get(invoice.patient_id), form=form
    )


def _taken(payment: Payment, locale: str) -> str:
    if payment.replayed:
        return "This payment had been taken before: nothing was taken again"
    return f"{payment.amount.format(locale)} taken"
