"""The audit of accounts: what is stored of invoices and payments against allocations, refunds and corrections."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from clinic.billing.audit_findings import Finding, Findings, amounts_differ
from clinic.billing.models import Allocation, CreditNote, Invoice, Payment, Refund, WriteOff
from clinic.billing.rules import BALANCED, CANCELLED, DRAFT, ISSUED, OPENING
from clinic.core.db import db
from clinic.core.money import Money

_USED = Allocation.amount_minor - Allocation.released_minor

_SUMS: Sequence[tuple[str, Any, str, Any, Any]] = (
    ("invoice-paid", Invoice.paid_minor, "what is paid", Allocation.invoice_id, _USED),
    ("invoice-credited", Invoice.credited_minor, "what is credited", CreditNote.invoice_id, CreditNote.total_minor),
    (
        "invoice-written-off",
        Invoice.written_off_minor,
        "what is written off",
        WriteOff.invoice_id,
        WriteOff.amount_minor,
    ),
    ("payment-used", Payment.allocated_minor, "what is used", Allocation.payment_id, _USED),
    ("payment-refunded", Payment.refunded_minor, "what is refunded", Refund.payment_id, Refund.amount_minor),
)
"""Stored sums: the check, the column, what it is, and the rows that it is the sum of by their reference."""


def audit_accounts() -> Findings:
    """Return what is off in the accounts of the current clinic."""
    for check, stored, what, key, part in _SUMS:
        yield from _sums(check, stored, what, key, part)
    yield from _statuses()
    yield from _payments()
    yield from _undone_write_offs()
    yield from _currencies()
    yield from _openings()
    yield from _balance()


def _sums(
    check: str, stored: InstrumentedAttribute[int], what: str, key: InstrumentedAttribute[Any], part: ColumnElement[int]
) -> Findings:
    """Compare a stored sum with the rows that it is the sum of."""
    model: Any = stored.class_
    rows = select(key.label("id"), func.sum(part).label("minor")).group_by(key).subquery()
    expected = func.coalesce(rows.c.minor, 0)
    number = Invoice.number if model is Invoice else Payment.reference
    wanted = select(model.id, number, model.currency, stored, expected).outerjoin(rows, rows.c.id == model.id)
    for record_id, name, currency, minor, sum_of_rows in db.session.execute(wanted.where(stored != expected)):
        text = amounts_differ(minor, int(sum_of_rows), currency, what, "its rows")
        yield Finding(check, model.__tablename__, record_id, name, text)


def _statuses() -> Findings:
    """Return the invoices whose status does not follow from their amounts."""
    settled = Invoice.paid_minor + Invoice.credited_minor + Invoice.written_off_minor
    wrong = or_(
        Invoice.status.not_in((DRAFT, ISSUED, BALANCED, CANCELLED)),
        (Invoice.status == DRAFT) & ((settled != 0) | Invoice.number.is_not(None)),
        (Invoice.status != DRAFT) & (Invoice.number.is_(None) | Invoice.issued_on.is_(None)),
        (Invoice.status == ISSUED) & (settled >= Invoice.total_minor),
        Invoice.status.in_((BALANCED, CANCELLED)) & (settled != Invoice.total_minor),
        (Invoice.status == CANCELLED) & (Invoice.paid_minor != 0),
        (Invoice.paid_minor < 0) | (Invoice.credited_minor < 0) | (Invoice.written_off_minor < 0),
    )
    wanted = select(Invoice.id, Invoice.number, Invoice.status).where(wrong)
    for record_id, number, status in db.session.execute(wanted):
        text = f"the status {status} does not follow from its amounts, number and date"
        yield Finding("invoice-status", "invoices", record_id, number, text)


def _payments() -> Findings:
    """Find payments whose uses and refunds exceed their amount, and reversed ones that are still used."""
    used = Payment.allocated_minor + Payment.refunded_minor
    over = or_(used > Payment.amount_minor, Payment.amount_minor <= 0, Payment.allocated_minor < 0)
    reversed_ = Payment.reversed_at.is_not(None) & (used != 0)
    for payment in db.session.scalars(select(Payment).where(or_(over, reversed_))):
        text = "it was reversed, but is used or refunded" if payment.reversed_at else "more is used than was taken"
        yield Finding("payment-cap", "payments", payment.id, payment.reference, text)
    released = or_(Allocation.released_minor < 0, Allocation.released_minor > Allocation.amount_minor)
    for record_id in db.session.scalars(select(Allocation.id).where(released)):
        text = "more of it is taken back than was used"
        yield Finding("allocation-cap", "allocations", record_id, None, text)


def _undone_write_offs() -> Findings:
    """Return the rows that undo another amount than the write-off has that they name, or one of another invoice."""
    undone = aliased(WriteOff)
    wrong = or_(WriteOff.amount_minor != -undone.amount_minor, WriteOff.invoice_id != undone.invoice_id)
    rows = select(WriteOff.id, Invoice.number).join(undone, undone.id == WriteOff.undoes_id)
    for record_id, number in db.session.execute(rows.join(WriteOff.invoice).where(wrong)):
        text = "it undoes a write-off of another amount or invoice"
        yield Finding("write-off-undone", "write_offs", record_id, number, text)


def _currencies() -> Findings:
    """Return the payments that are used for an invoice in another currency."""
    wanted: Any = (
        select(Payment.id, Payment.currency, Invoice.number, Invoice.currency)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Payment.currency != Invoice.currency)
    )
    for record_id, currency, number, other in db.session.execute(wanted):
        text = f"it is in {currency}, but pays {number} in {other}"
        yield Finding("currency", "payments", record_id, number, text)


def _openings() -> Findings:
    """Return opening balances that were credited like a document, or that an event says were paid."""
    wrong = (Invoice.credited_minor != 0) | Invoice.paid_published | (Invoice.status == DRAFT)
    for record_id, number in db.session.execute(
        select(Invoice.id, Invoice.number).where(Invoice.kind == OPENING, wrong)
    ):
        text = "an opening balance is never a draft, is never credited, and no event tells that it is paid"
        yield Finding("opening-balance", "invoices", record_id, number, text)
    taken = Payment.tendered_minor.is_not(None) | Payment.invoice_id.is_not(None) | (Payment.method != "other")
    for record_id in db.session.scalars(select(Payment.id).where(Payment.kind == OPENING, taken)):
        yield Finding("opening-balance", "payments", record_id, None, "credit from before was not taken for an invoice")


def _balance() -> Findings:
    """Compare, by currency, payments less refunds with allocations and credit, each summed over its own rows."""
    taken = _by_currency(select(Payment.currency, func.sum(Payment.amount_minor)).where(Payment.reversed_at.is_(None)))
    refunded = _by_currency(select(Payment.currency, func.sum(Refund.amount_minor)).join(Refund.payment))
    used = _by_currency(select(Payment.currency, func.sum(_USED)).join(Allocation, Allocation.payment_id == Payment.id))
    left = Payment.amount_minor - Payment.allocated_minor - Payment.refunded_minor
    credit = _by_currency(select(Payment.currency, func.sum(left)).where(Payment.reversed_at.is_(None)))
    for currency in taken.keys() | refunded.keys() | used.keys():
        one = taken.get(currency, 0) - refunded.get(currency, 0)
        other = used.get(currency, 0) + credit.get(currency, 0)
        if one != other:
            sums = f"{Money(one, currency).amount} {currency}, but {Money(other, currency).amount} {currency}"
            text = f"payments less refunds are {sums} are used or left as credit"
            yield Finding("balance", "payments", None, None, text)


def _by_currency(sums: Any) -> dict[str, int]:
    return {currency: int(minor) for currency, minor in db.session.execute(sums.group_by(Payment.currency))}
