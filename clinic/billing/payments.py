"""Recording a payment for a locked invoice; other modules reach it through `service.py`."""

from sqlalchemy import select

from clinic.billing.models import Invoice, Payment
from clinic.billing.rules import BALANCED, DRAFT, METHODS, NOT_ABOVE_ZERO, UNKNOWN_METHOD, wrong_currency
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.idempotency import IdempotencyKeyReused
from clinic.core.money import Money
from clinic.core.unit_of_work import set_event_subject
from clinic.identity.clinics import clinic_service

INVOICE_PAID = declare_event(
    "invoice.paid",
    "invoice_id",
    "amount",
    published_by="BillingService.record_payment",
    when="a payment settled an invoice; the amount is its total",
)


class InvoiceNotIssued(Conflict):
    """A draft can't be paid: it must be issued first."""

    code = "invoice-not-issued"

    def __init__(self) -> None:
        super().__init__("This invoice is a draft: issue it first")


class InvoiceAlreadyPaid(Conflict):
    """Nothing is due."""

    code = "invoice-already-paid"

    def __init__(self) -> None:
        super().__init__("This invoice has been paid already")


class PaymentTooLarge(Conflict):
    """The payment is more than the amount due."""

    code = "payment-too-large"

    def __init__(self, due: Money) -> None:
        super().__init__(f"{due.format(clinic_service.current().locale)} is still due")
        self.details = {"due": {"amount": due.amount, "currency": due.currency}}


def replayed(wanted: Payment) -> Payment | None:
    """Return the payment that was recorded under the same idempotency key, if there is one.

    It is the last guard: of an older key, or one that another actor has used, there is no stored answer.

    :raises IdempotencyKeyReused: if it was for another invoice, amount, method or reference
    """
    if wanted.idempotency_key is None:
        return None
    found = db.session.scalar(select(Payment).where(Payment.idempotency_key == wanted.idempotency_key))
    if found is None:
        return None
    if _identity_of(found) != _identity_of(wanted):
        raise IdempotencyKeyReused
    found.replayed = True
    return found


def take(payment: Payment, invoice: Invoice) -> Payment:
    """Add a payment to its locked invoice, and publish `invoice.paid` if it settles the invoice."""
    _check_payable(payment, invoice)
    invoice.paid_minor += payment.amount_minor
    settled = not invoice.due.minor
    if settled:
        invoice.status = BALANCED
    db.session.add(payment)
    db.session.flush()
    if settled:
        set_event_subject(invoice.patient_id, invoice.version)
        event_bus.publish(INVOICE_PAID.name, {"invoice_id": str(invoice.id), "amount": invoice.total.amount})
    return payment


def _identity_of(payment: Payment) -> tuple[object, ...]:
    """Return the values that a repeated payment has in common with the first."""
    return payment.invoice_id, payment.amount, payment.method, payment.reference


def _check_payable(payment: Payment, invoice: Invoice) -> None:
    if payment.currency != invoice.currency:
        raise InvalidInput(wrong_currency(invoice.currency), field="amount")
    if payment.amount_minor <= 0:
        raise InvalidInput(NOT_ABOVE_ZERO, field="amount")
    if payment.method not in METHODS:
        raise InvalidInput(UNKNOWN_METHOD, field="method")
    if invoice.status == DRAFT:
        raise InvoiceNotIssued
    if invoice.status == BALANCED:
        raise InvoiceAlreadyPaid
    if payment.amount.minor > invoice.due.minor:
        raise PaymentTooLarge(invoice.due)
