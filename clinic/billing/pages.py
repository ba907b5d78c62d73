"""Pages of invoices and payments."""

from uuid import UUID

from flask import Blueprint, flash, get_template_attribute, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.service import Appointment, AppointmentNotFound, appointment_service, service_catalogue
from clinic.billing.rules import MOST_LINES, STATUSES
from clinic.billing.schemas import InvoiceForm, InvoiceQuery, PaymentForm, row_values, typed_amount, typed_rows
from clinic.billing.service import Payment, PaymentTooLarge, billing_service
from clinic.core.audit import record_listing, record_view
from clinic.core.context import current_actor
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.core.idempotency import IdempotencyKeyReused
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, PatientNotFound, patient_service
from clinic.web.authorization import requires
from clinic.web.fields import quantity_text
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent, idempotent_with_key, new_form_key, sent_key
from clinic.web.list_views import next_url, parse_list_query

blueprint = Blueprint("billing", __name__, url_prefix="/invoices", template_folder="templates")

PAGE = 20
ROWS = 3

blueprint.add_app_template_filter(quantity_text, "quantity")


def method_label(name: str) -> str | None:
    """Return the label of a payment method, None if there is no such method."""
    labels: dict[str, str] = get_template_attribute("billing/_standings.html", "methods")
    return labels.get(name)


def status_label(status: str) -> str | None:
    """Return the label of an invoice's status, None if there is no such status."""
    labels: dict[str, str] = get_template_attribute("billing/_standings.html", "statuses")
    return labels.get(status)


@blueprint.get("")
@requires("invoices:read")
def index() -> ResponseReturnValue:
    """List invoices, the newest first; optionally those of one status or one patient."""
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
    """Show the form of a new invoice, maybe for a patient or an appointment."""
    visit = _find_visit(request.args.get("appointment", ""))
    values = {"patient": request.args.get("patient", "")} if visit is None else _values_of(visit)
    return _new_invoice_page(initial_form(values))


@blueprint.post("/new")
@requires("invoices:write")
@idempotent
def create() -> ResponseReturnValue:
    """Draft an invoice from the form, or show the form again with more rows."""
    form = load_form(InvoiceForm())
    if "more" in request.form:
        form.errors = {}
        return _new_invoice_page(form, more=ROWS)
    if form.errors:
        return _new_invoice_page(form), 422
    try:
        patient = patient_service.identify(form.data.pop("patient"))
        invoice = billing_service.create(patient_id=patient.id, **form.data)
    except (InvalidInput, PatientNotFound) as error:
        return refuse(_new_invoice_page(form.reject(error, "patient")), error)
    flash("Saved as a draft")
    return redirect(url_for(".show", invoice_id=invoice.id), 303)


@blueprint.get("/<uuid:invoice_id>")
@requires("invoices:read")
def show(invoice_id: UUID) -> ResponseReturnValue:
    """Show an invoice, with the form to issue it or to take a payment."""
    return _invoice_page(invoice_id, initial_form())


@blueprint.route("/<uuid:invoice_id>/issue", methods=["GET", "POST"])
@requires("invoices:write")
@posted_from(".show", "invoice_id")
@idempotent
def issue(invoice_id: UUID) -> ResponseReturnValue:
    """Give a draft its number and date."""
    try:
        invoice = billing_service.issue(invoice_id, version=sent_version())
    except (Conflict, StaleVersion) as error:
        return refuse(_invoice_page(invoice_id, Form().reject(error)), error)
    flash(f"Issued as {invoice.number}")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.get("/<uuid:invoice_id>/payments")
@requires("payments:write")
def payment(invoice_id: UUID) -> ResponseReturnValue:
    """Show the form of a payment, on the invoice's page."""
    return _invoice_page(invoice_id, initial_form())


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@idempotent_with_key
def pay(invoice_id: UUID) -> ResponseReturnValue:
    """Take a payment; the same form sent twice takes it once."""
    form = load_form(PaymentForm())
    if form.errors:
        return _invoice_page(invoice_id, form), 422
    locale = clinic_service.current().locale
    try:
        payment = billing_service.record_payment(invoice_id, idempotency_key=sent_key(), **form.data)
    except PaymentTooLarge as error:
        return refuse(_invoice_page(invoice_id, form.reject(error, "amount")), error)
    except IdempotencyKeyReused as error:
        form.key = new_form_key()
        return refuse(_invoice_page(invoice_id, form.reject(error)), error)
    except (InvalidInput, Conflict) as error:
        return refuse(_invoice_page(invoice_id, form.reject(error)), error)
    flash(_payment_message(payment, locale))
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


def _new_invoice_page(form: Form, *, more: int = 0) -> str:
    """Return the form of an invoice: the rows that were typed first, then empty ones."""
    typed = typed_rows(form.values)
    sent = sum(name.endswith("-description") for name in form.values)
    count = max(len(typed), min(max(sent, ROWS) + more, MOST_LINES))
    patient = _find_patient(form.value("patient"))
    rows = row_values(typed, count)
    form.values = {name: form.value(name) for name in ("patient", "appointment_id")} | rows
    form.order = ["patient", "appointment_id", "lines", *rows]
    visit = _find_visit(form.value("appointment_id"))
    return render_template("billing/new.html", form=form, patient=patient, visit=visit, count=count, most=MOST_LINES)


def _find_visit(typed: str) -> Appointment | None:
    """Return the appointment of an id, if there is one and the actor may see it."""
    if not current_actor().has_permission("appointments:read"):
        return None
    try:
        appointment = appointment_service.get(UUID(typed))
    except (AppointmentNotFound, ValueError):
        return None
    record_view("appointments", appointment.id, appointment.patient_id)
    return appointment


def _values_of(visit: Appointment) -> dict[str, str]:
    """Return the form of an invoice for a visit, with its service as the first line."""
    service = service_catalogue.get(visit.service_id).name if visit.service_id else ""
    first = {"lines-0-description": service, "lines-0-quantity": "1", "lines-0-unit_price": ""}
    return {"patient": str(visit.patient_id), "appointment_id": str(visit.id), **first}


def _find_patient(typed: str) -> Patient | None:
    """Return the patient of a typed number or id, if there is one: the form shows who it is."""
    try:
        patient = patient_service.identify(typed.strip())
    except PatientNotFound:
        return None
    record_view("patients", patient.id, patient.id)
    return patient


def _invoice_page(invoice_id: UUID, form: Form) -> str:
    """Return an invoice's page, with the form of a payment."""
    invoice = billing_service.get(invoice_id)
    record_view("invoices", invoice.id, invoice.patient_id)
    amount = typed_amount(invoice.due, clinic_service.current().locale)
    form.values = {"amount": amount, "method": "card", **form.values}
    return render_template(
        "billing/show.html",
        invoice=invoice,
        patient=patient_service.get(invoice.patient_id),
        visit=_find_visit(str(invoice.appointment_id or "")),
        form=form,
    )


def _payment_message(payment: Payment, locale: str) -> str:
    if payment.replayed:
        return "This payment was taken before: nothing was taken again"
    return f"{payment.amount.format(locale)} taken"
