"""Pages that ask before a payment is refunded or reversed."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.rules import REFUND_REASONS
from clinic.billing.schemas.corrections import ReasonSchema, RefundForm
from clinic.billing.schemas.typed import typed_amount
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.core.errors import Conflict, InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.authorization import requires
from clinic.web.forms import Form, initial_form, load_form, refuse
from clinic.web.idempotency import idempotent_with_key


@blueprint.get("/payments/<uuid:payment_id>/refund")
@requires("refunds:write")
def refund_form(payment_id: UUID) -> ResponseReturnValue:
    """Ask what of a payment is refunded."""
    payment = billing_service.get_payment(payment_id)
    amount = typed_amount(payment.refundable, clinic_service.current().locale)
    return _page("billing/refund.html", payment_id, initial_form({"amount": amount, "method": payment.method}))


@blueprint.post("/payments/<uuid:payment_id>/refund")
@requires("refunds:write")
@idempotent_with_key
def refund(payment_id: UUID) -> ResponseReturnValue:
    """Refund a payment; the same form sent twice refunds it once."""
    form = load_form(RefundForm())
    if form.errors:
        return _page("billing/refund.html", payment_id, form), 422
    locale = clinic_service.current().locale
    try:
        made = billing_service.refund_payment(payment_id, **form.data)
    except (InvalidInput, Conflict) as error:
        return refuse(_page("billing/refund.html", payment_id, form.reject(error, "amount")), error)
    flash(f"{made.amount.format(locale)} refunded")
    return redirect(url_for(".show_payment", payment_id=payment_id), 303)


@blueprint.get("/payments/<uuid:payment_id>/reversal")
@requires("payments:write")
def reversal(payment_id: UUID) -> ResponseReturnValue:
    """Ask whether a payment is to be reversed."""
    return _page("billing/reversal.html", payment_id, initial_form())


@blueprint.post("/payments/<uuid:payment_id>/reversal")
@requires("payments:write")
@idempotent_with_key
def reverse(payment_id: UUID) -> ResponseReturnValue:
    """Reverse a payment."""
    form = load_form(ReasonSchema())
    if form.errors:
        return _page("billing/reversal.html", payment_id, form), 422
    try:
        billing_service.reverse_payment(payment_id, **form.data)
    except (InvalidInput, Conflict) as error:
        return refuse(_page("billing/reversal.html", payment_id, form.reject(error)), error)
    flash("The payment is reversed")
    return redirect(url_for(".show_payment", payment_id=payment_id), 303)


def _page(template: str, payment_id: UUID, form: Form) -> str:
    payment = billing_service.get_payment(payment_id)
    record_view("payments", payment.id, payment.patient_id)
    return render_template(
        template,
        payment=payment,
        patient=patient_service.get(payment.patient_id),
        numbers=billing_service.numbers(use.invoice_id for use in payment.uses),
        reasons=REFUND_REASONS,
        form=form,
    )
