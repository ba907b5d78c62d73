"""Reversal of payments that were entered by mistake; other modules reach it through `service.py`."""

from uuid import UUID

from clinic.billing.allocations import lock_payment_and_invoices, release
from clinic.billing.invoice_queries import as_id
from clinic.billing.models import Payment
from clinic.billing.payment_problems import IsOpeningBalance, PaymentNotFound, PaymentReversed
from clinic.billing.rules import ISSUED, NO_REASON
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.unit_of_work import set_event_subject, unit_of_work

PAYMENT_REVERSED = declare_event(
    "payment.reversed",
    "payment_id",
    "patient_id",
    "amount",
    published_by="BillingService.reverse_payment",
    when="a payment that was entered by mistake was reversed; the invoices that it paid are open again",
)


class PaymentRefunded(Conflict):
    """A payment that was partly refunded can't be reversed: the money was really taken."""

    code = "payment-refunded"

    def __init__(self) -> None:
        super().__init__("Some of this payment has been refunded: it was taken, and can’t be reversed")


class Reversals:
    """Reversals of payments of the current clinic."""

    def reverse_payment(self, payment_id: UUID | str, *, reason: str) -> Payment:
        """Reverse a payment that was entered by mistake: it stays visible, and what it paid is owed again.

        :raises PaymentNotFound: if no record has that id
        :raises IsOpeningBalance: if it is credit from before, which was never taken
        :raises PaymentReversed: if it has been reversed
        :raises PaymentRefunded: if some of it has been refunded
        :raises PaymentUsedMeanwhile: if it was used for another invoice at the same time
        :raises InvalidInput: if there is no reason
        """
        if not reason:
            raise InvalidInput(NO_REASON, field="reason")
        with unit_of_work():
            payment = lock_payment_and_invoices(as_id(payment_id))
            if payment is None:
                raise PaymentNotFound
            if payment.is_opening:
                raise IsOpeningBalance
            take_back(payment, reason)
            data = {"payment_id": str(payment.id), "patient_id": str(payment.patient_id)}
            set_event_subject(payment.patient_id, 1)
            event_bus.publish(PAYMENT_REVERSED.name, data | {"amount": payment.amount.amount})
        return payment


def take_back(payment: Payment, reason: str) -> Payment:
    """Reverse a payment that is locked with its invoices, without an event, and return it.

    :raises PaymentReversed: if it has been reversed
    :raises PaymentRefunded: if some of it has been refunded
    """
    if payment.reversed_at is not None:
        raise PaymentReversed
    if payment.refunded_minor:
        raise PaymentRefunded
    _reopen(payment)
    payment.reversed_at, payment.reversal_reason = now(), reason
    db.session.flush()
    return payment


def _reopen(payment: Payment) -> None:
    """Release what a payment is used for, and open the invoices that it paid: what settles them anew is published.

    One that a refund of another payment has opened already is opened by the reversal too: what was published of it
    rested on money that was never taken.
    """
    uses = payment.uses
    release(uses, payment.allocated_minor)
    for use in uses:
        use.invoice.status, use.invoice.paid_published = ISSUED, False
