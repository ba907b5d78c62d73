"""Pages of payments: of one or several invoices, deposits, the use of credit, and one payment with its uses."""

from collections.abc import Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from clinic.billing.allocations import spread
from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.invoice_page import invoice_page
from clinic.billing.rules import REFUND_REASONS
from clinic.billing.schemas.payments import (
    PAY,
    PaymentForm,
    SeveralInvoicesForm,
    UseCreditForm,
    check_above_zero,
    typed_parts,
)
from clinic.billing.schemas.typed import TypedMoney, typed_amount
from clinic.billing.service import Invoice, Payment, PaymentTooLarge, billing_service
from clinic.core.audit import record_view
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.idempotency import IdempotencyKeyReused
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientMerged, patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse
from clinic.web.idempotency import idempotent_with_key, new_form_key, sent_key


@blueprint.get("/<uuid:invoice_id>/payments")
@requires("payments:write")
def payment(invoice_id: UUID) -> ResponseReturnValue:
    """Show the form of a payment, on the invoice's page."""
    return invoice_page(invoice_id, initial_form())


@blueprint.post("/<uuid:invoice_id>/payments")
@requires("payments:write")
@idempotent_with_key
def pay(invoice_id: UUID) -> ResponseReturnValue:
    """Take a payment; the same form sent twice takes it once."""
    form = load_form(PaymentForm())
    if form.errors:
        return invoice_page(invoice_id, form), 422
    locale = clinic_service.current().locale
    try:
        payment = billing_service.record_payment(invoice_id, idempotency_key=sent_key(), **form.data)
    except PaymentTooLarge as error:
        return refuse(invoice_page(invoice_id, form.reject(error, "amount"), surplus=error.surplus), error)
    except IdempotencyKeyReused as error:
        form.key = new_form_key()
        return refuse(invoice_page(invoice_id, form.reject(error)), error)
    except (InvalidInput, Conflict) as error:
        return refuse(invoice_page(invoice_id, form.reject(error)), error)
    flash(_payment_message(payment, locale))
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.route("/<uuid:invoice_id>/use-credit", methods=["GET", "POST"])
@requires("payments:write")
@posted_from(".show", "invoice_id")
@idempotent_with_key
def use_credit(invoice_id: UUID) -> ResponseReturnValue:
    """Pay an invoice with credit of its patient."""
    form = load_form(UseCreditForm())
    if form.errors:
        return invoice_page(invoice_id, form, credit_form=form), 422
    amount, locale = form.data["credit"], clinic_service.current().locale
    try:
        billing_service.use_credit(invoice_id, amount=amount)
    except InvalidInput as error:
        form.errors = {"credit": [error.message]}
        return refuse(invoice_page(invoice_id, form, credit_form=form), error)
    except Conflict as error:
        form.reject(error, "credit")
        return refuse(invoice_page(invoice_id, form, credit_form=form), error)
    flash(f"{amount.format(locale)} of credit used")
    return redirect(url_for(".show", invoice_id=invoice_id), 303)


@blueprint.get("/payments/<uuid:payment_id>")
@requires("invoices:read")
def show_payment(payment_id: UUID) -> ResponseReturnValue:
    """Show a payment and what it is used for."""
    payment = billing_service.get_payment(payment_id)
    record_view("payments", payment.id, payment.patient_id)
    return render_template(
        "billing/payment.html",
        payment=payment,
        patient=patient_service.get(payment.patient_id),
        numbers=billing_service.numbers(use.invoice_id for use in payment.allocations),
        refunds=billing_service.refunds_of(payment.id) if payment.refunded_minor else (),
        reasons=REFUND_REASONS,
    )


@blueprint.get("/take-payment/<uuid:patient_id>")
@requires("payments:write")
def take_payment(patient_id: UUID) -> ResponseReturnValue:
    """Show the form of a payment for several invoices of a patient, filled in for all that is due."""
    try:
        patient_service.get(patient_id)
    except PatientMerged as error:
        flash(error.message)
        return redirect(url_for(".take_payment", patient_id=error.survivor_id))
    invoices = billing_service.open_of(patient_id)
    due = typed_amount(billing_service.balance(invoices), clinic_service.current().locale) if invoices else ""
    values = {"amount": due, "method": "card"} | _values(invoices, [one.due.minor for one in invoices])
    return _payment_page(patient_id, initial_form(values))


@blueprint.post("/take-payment/<uuid:patient_id>")
@requires("payments:write")
@idempotent_with_key
def take_several(patient_id: UUID) -> ResponseReturnValue:
    """Take a payment for several invoices, or spread its amount anew over the rows of the form.

    If the record was merged meanwhile, the form is shown for the one that remains, with what was typed.
    """
    form = load_form(SeveralInvoicesForm())
    try:
        patient_service.get(patient_id)
    except PatientMerged as error:
        _name_rows(form)
        return _payment_page(error.survivor_id, form.reject(error)), 409
    if "act" in request.form:
        return _payment_page(patient_id, _spread_anew(form, patient_id))
    _name_rows(form)
    if form.errors:
        return _payment_page(patient_id, form), 422
    return _take(patient_id, form)


def _take(patient_id: UUID, form: Form) -> ResponseReturnValue:
    """Take the payment of a valid form."""
    locale = clinic_service.current().locale
    try:
        payment = billing_service.take_payment(patient_id, idempotency_key=sent_key(), **form.data)
    except PaymentTooLarge as error:
        return refuse(_payment_page(patient_id, form.reject(error, "amount"), surplus=error.surplus), error)
    except IdempotencyKeyReused as error:
        form.key = new_form_key()
        return refuse(_payment_page(patient_id, form.reject(error)), error)
    except InvalidInput as error:
        _name_rows(form.reject(error))
        return refuse(_payment_page(patient_id, form), error)
    flash(_payment_message(payment, locale))
    return redirect(url_for(".show_payment", payment_id=payment.id), 303)


def _payment_page(patient_id: UUID, form: Form, *, surplus: Money | None = None) -> str:
    patient = patient_service.get(patient_id)
    record_view("patients", patient.id, patient.id)
    invoices = billing_service.open_of(patient_id)
    _move_errors(form, invoices)
    return render_template(
        "billing/take_payment.html",
        patient=patient,
        invoices=invoices,
        total_due=billing_service.balance(invoices),
        form=form,
        surplus=surplus,
    )


def _spread_anew(form: Form, patient_id: UUID) -> Form:
    """Fill the rows from the amount, the oldest invoice first, or empty them; only the amount is checked."""
    invoices = billing_service.open_of(patient_id)
    form.errors, minor = {}, 0
    if request.form["act"] == "oldest":
        try:
            minor = TypedMoney(validate=check_above_zero).deserialize(form.value("amount")).minor
        except ValidationError as error:
            form.errors = {"amount": list(error.messages)}
            return form
    form.values = {**form.values, **_values(invoices, spread(minor, [one.due.minor for one in invoices]))}
    return form


def _values(invoices: Sequence[Invoice], parts: Sequence[int]) -> dict[str, str]:
    """Return the fields of the rows: what each invoice gets."""
    locale = clinic_service.current().locale
    amounts = [Money(minor, one.currency) for one, minor in zip(invoices, parts, strict=True)]
    return {f"{PAY}{one.id}": typed_amount(part, locale) for one, part in zip(invoices, amounts, strict=True)}


def _name_rows(form: Form) -> None:
    """Put the errors of rows at the fields in which they were typed."""
    rows = [PAY + part["invoice_id"] for part in typed_parts(form.values)]
    found: dict[str, list[str]] = {}
    for name, messages in form.errors.items():
        parts = name.split("-")
        place = rows[int(parts[1])] if parts[0] == "allocations" and len(parts) > 1 else name
        found.setdefault(place, []).extend(messages)
    form.errors = found


def _move_errors(form: Form, invoices: Sequence[Invoice]) -> None:
    """Put the errors of invoices that have no row, as nothing is due of them any more, at the amount."""
    shown = {f"{PAY}{one.id}" for one in invoices}
    for name in [one for one in form.errors if one.startswith(PAY) and one not in shown]:
        form.errors.setdefault("amount", []).extend(form.errors.pop(name))


def _payment_message(payment: Payment, locale: str) -> str:
    if payment.replayed:
        return "This payment was taken before: nothing was taken again"
    text = f"{payment.amount.format(locale)} taken"
    if payment.change is not None:
        text += f", change {payment.change.format(locale)}"
    return f"{text}, {payment.credit.format(locale)} kept as credit" if payment.credit.minor else text
