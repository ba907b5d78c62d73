"""Refunds of payments and of credit; other modules reach them through `service.py`."""

from uuid import UUID

from clinic.billing.allocations import lock_payment_and_invoices, release
from clinic.billing.invoice_queries import as_id
from clinic.billing.models import Payment, Refund
from clinic.billing.payment_problems import PaymentNotFound, PaymentReversed
from clinic.billing.rules import (
    ISSUED,
    METHODS,
    NOT_ABOVE_ZERO,
    NOTE_NEEDED,
    OTHER_REASON,
    REFUND_REASONS,
    UNKNOWN_METHOD,
    UNKNOWN_REASON,
    wrong_currency,
)
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.money import Money
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service

PAYMENT_REFUNDED = declare_event(
    "payment.refunded",
    "refund_id",
    "payment_id",
    "patient_id",
    "amount",
    published_by="BillingService.refund_payment",
    when="money of a payment, or credit that was left of it, was given back; the amount is that of the refund",
)


class RefundTooLarge(Conflict):
    """Less is left than is to be given back."""

    code = "refund-too-large"

    def __init__(self, left: Money) -> None:
        super().__init__(f"At most {left.format(clinic_service.current().locale)} is left of this payment")
        self.details = {"left": {"amount": left.amount, "currency": left.currency}}


class Refunds:
    """Refunds of the current clinic."""

    def refund_payment(
        self,
        payment_id: UUID | str,
        *,
        amount: Money,
        method: str,
        reason: str,
        note: str | None = None,
        from_credit: bool = False,
    ) -> Refund:
        """Give money of a payment back: what is left as credit first, then what invoices were paid with.

        Of those invoices the one that was paid last is first, and they are owed again. With `from_credit` only what is
        left as credit is given back.

        :raises PaymentNotFound: if no record has that id
        :raises PaymentReversed: if it has been reversed
        :raises RefundTooLarge: if less is left of it
        :raises PaymentUsedMeanwhile: if it was used for another invoice at the same time
        :raises InvalidInput: if the amount, the method, the reason or the note is invalid
        """
        with unit_of_work():
            payment = lock_payment_and_invoices(as_id(payment_id))
            if payment is None:
                raise PaymentNotFound
            _check(payment, amount, method, reason, note)
            left = payment.credit if from_credit else payment.refundable
            if amount.minor > left.minor:
                raise RefundTooLarge(left)
            _release_for(payment, amount.minor)
            payment.refunded_minor += amount.minor
            refund = Refund(amount_minor=amount.minor, method=method, reason=reason, note=note)
            refund.payment = payment
            db.session.add(refund)
            db.session.flush()
            ids = {"refund_id": refund.id, "payment_id": payment.id, "patient_id": payment.patient_id}
            set_event_subject(payment.patient_id, 1)
            data = {name: str(value) for name, value in ids.items()} | {"amount": amount.amount}
            event_bus.publish(PAYMENT_REFUNDED.name, data)
        return refund


def _check(payment: Payment, amount: Money, method: str, reason: str, note: str | None) -> None:
    problems: dict[str, list[str]] = {}
    if amount.currency != payment.currency:
        problems["amount"] = [wrong_currency(payment.currency)]
    elif amount.minor <= 0:
        problems["amount"] = [NOT_ABOVE_ZERO]
    if method not in METHODS:
        problems["method"] = [UNKNOWN_METHOD]
    if reason not in REFUND_REASONS:
        problems["reason"] = [UNKNOWN_REASON]
    if reason == OTHER_REASON and not note:
        problems["note"] = [NOTE_NEEDED]
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], problems=problems)
    if payment.reversed_at is not None:
        raise PaymentReversed


def _release_for(payment: Payment, minor: int) -> None:
    """Release what a refund needs beyond the credit that is left of a payment."""
    uses = payment.uses
    release(uses, max(minor - payment.credit.minor, 0))
    for use in uses:
        if use.invoice.due.minor:
            use.invoice.status = ISSUED
