"""Which part of a payment pays which invoice, on locked rows; other modules reach it through `service.py`.

Rows are locked in one order, so that nobody waits in a circle: patients, invoices by id, payments by id.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm.attributes import set_committed_value

from clinic.billing.models import Allocation, Invoice, Payment
from clinic.billing.rules import BALANCED, ISSUED
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.unit_of_work import set_event_subject

INVOICE_PAID = declare_event(
    "invoice.paid",
    "invoice_id",
    "amount",
    published_by="BillingService.record_payment",
    when="a payment, or credit that was used, settled an invoice, again only after a reversal reopened it; "
    "the amount is its total less credits",
)

HAS_CREDIT = and_(
    Payment.reversed_at.is_(None), Payment.allocated_minor + Payment.refunded_minor < Payment.amount_minor
)
"""Whether something is left of a payment that is neither used nor refunded."""


class PaymentUsedMeanwhile(Conflict):
    """Somebody has used a payment for another invoice while it was being changed."""

    code = "payment-used-meanwhile"

    def __init__(self) -> None:
        super().__init__("Somebody has used this payment for another invoice just now: look at it again")


def lock_invoices(invoice_ids: Iterable[UUID]) -> Mapping[UUID, Invoice]:
    """Return those invoices of some ids that exist, locked in the order of their ids until the unit of work ends."""
    wanted = set(invoice_ids)
    if not wanted:
        return {}
    query = select(Invoice).where(Invoice.id.in_(wanted)).order_by(Invoice.id).with_for_update(key_share=True)
    found = db.session.scalars(query.execution_options(populate_existing=True))
    return {invoice.id: invoice for invoice in found}


def lock_open_invoices(patient_id: UUID) -> Sequence[Invoice]:
    """Return the unpaid invoices of a patient, the oldest first, locked until the unit of work ends."""
    open_ids = select(Invoice.id).where(Invoice.patient_id == patient_id, Invoice.status == ISSUED)
    found = lock_invoices(db.session.scalars(open_ids))
    return sorted((one for one in found.values() if one.status == ISSUED), key=_age)


def lock_credit(patient_id: UUID, currency: str) -> Sequence[Payment]:
    """Return the payments of a patient with credit left, the oldest first, locked until the unit of work ends."""
    query = (
        select(Payment)
        .where(Payment.patient_id == patient_id, Payment.currency == currency)
        .where(HAS_CREDIT)
        .order_by(Payment.id)
        .with_for_update(key_share=True)
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def lock_payment_and_invoices(payment_id: UUID) -> Payment | None:
    """Return a payment with the invoices that it pays, all locked until the unit of work ends; None if there is none.

    :raises PaymentUsedMeanwhile: if it pays another invoice than before its invoices were locked
    """
    used = select(Allocation.invoice_id).where(
        Allocation.payment_id == payment_id, Allocation.released_minor < Allocation.amount_minor
    )
    invoices = lock_invoices(db.session.scalars(used))
    query = select(Payment).where(Payment.id == payment_id).with_for_update(key_share=True, of=Payment)
    payment = db.session.scalar(query.execution_options(populate_existing=True))
    if payment is not None:
        db.session.refresh(payment, ["allocations"])
        if {use.invoice_id for use in payment.uses} - invoices.keys():
            raise PaymentUsedMeanwhile
        for use in payment.uses:
            set_committed_value(use, "invoice", invoices[use.invoice_id])  # read already: no read while they change
    return payment


def lock_payments_of(invoice: Invoice) -> None:
    """Lock the payments that pay a locked invoice until the unit of work ends, and read what is used of them."""
    used = select(Allocation.payment_id).where(
        Allocation.invoice_id == invoice.id, Allocation.released_minor < Allocation.amount_minor
    )
    query = select(Payment).where(Payment.id.in_(used)).order_by(Payment.id).with_for_update(key_share=True, of=Payment)
    db.session.scalars(query.execution_options(populate_existing=True)).all()
    db.session.refresh(invoice, ["allocations"])


def spread(minor: int, dues: Iterable[int]) -> list[int]:
    """Return what of an amount each of some dues gets, the first one first; what is left is for none of them."""
    parts = []
    for due in dues:
        parts.append(min(minor, due))
        minor -= parts[-1]
    return parts


def allocate(parts: Iterable[tuple[Payment, Invoice, int]]) -> None:
    """Let parts of payments pay invoices, and publish `invoice.paid` of those that this settles; all are locked.

    A payment may be new; whatever it changes is written at once. Of an opening balance nothing is published.
    """
    told = []
    for payment, invoice, minor in parts:
        payment.allocated_minor += minor
        invoice.paid_minor += minor
        allocation = Allocation(amount_minor=minor)
        allocation.payment, allocation.invoice = payment, invoice
        db.session.add(allocation)
        if not invoice.due.minor:
            invoice.status = BALANCED
            if not invoice.paid_published and not invoice.is_opening:
                invoice.paid_published = True
                told.append(invoice)
    db.session.flush()
    for invoice in told:
        set_event_subject(invoice.patient_id, invoice.version)
        event_bus.publish(INVOICE_PAID.name, {"invoice_id": str(invoice.id), "amount": invoice.owed.amount})


def release(uses: Iterable[Allocation], minor: int) -> None:
    """Let parts of payments no longer pay their invoices, the last one first; all of them are locked.

    What the database stores of an invoice must hold together when it is flushed: the caller sets its status.
    """
    for use in sorted(uses, key=lambda one: one.id, reverse=True):
        part = min(minor, use.amount_minor - use.released_minor)
        use.released_minor += part
        use.payment.allocated_minor -= part
        use.invoice.paid_minor -= part
        minor -= part


def _age(invoice: Invoice) -> tuple[object, ...]:
    return invoice.issued_on, invoice.number, invoice.id
