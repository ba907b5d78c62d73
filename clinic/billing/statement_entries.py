"""What changed the account of a patient, and how it stands, read in one query, which no payment can come between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CompoundSelect,
    Date,
    Select,
    String,
    Uuid,
    bindparam,
    case,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from clinic.billing.allocations import HAS_CREDIT
from clinic.billing.invoice_queries import DUE
from clinic.billing.models import Allocation, CreditNote, Invoice, Payment, Refund, WriteOff
from clinic.billing.payment_queries import REVERSES_OPENING
from clinic.billing.rules import DRAFT, ISSUED, OPENING
from clinic.billing.statement_rules import (
    CREDIT_NOTE,
    INVOICE,
    OPENING_BALANCE,
    OPENING_REVERSAL,
    PAID_BY_ANOTHER,
    PAID_FOR_ANOTHER,
    PAYMENT,
    REFUND,
    REVERSAL,
    WRITE_OFF,
    WRITE_OFF_UNDONE,
    Entry,
)
from clinic.core.clock import wall_day
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.types import UTCDateTime

_USED = Allocation.amount_minor - Allocation.released_minor


_DUE, _CREDIT = "due", "credit"
"""What rows are that tell how the account stands."""


@dataclass(frozen=True)
class Account:
    """What changed an account, in no order, what is due of each open invoice with any due date, and the credit."""

    entries: Sequence[Entry]
    dues: Sequence[tuple[date | None, int]]
    credit_minor: int


def account_entries(patient_id: UUID, currency: str, zone: str) -> Account:
    """Return the account of a patient in a currency."""
    found = db.session.execute(_account_query(), {"of_patient": patient_id, "of_currency": currency}).all()
    return Account(
        entries=[_entry(row, zone) for row in found if row.kind not in {_DUE, _CREDIT}],
        dues=[(row.day, row.charged) for row in found if row.kind == _DUE],
        credit_minor=sum(row.paid for row in found if row.kind == _CREDIT),
    )


@cache
def _account_query() -> CompoundSelect[Any]:
    """Return the query of the account of a patient in a currency, built once."""
    of = bindparam("of_patient", type_=Uuid()), bindparam("of_currency", type_=String())
    return prepared(union_all(*_of_invoices(*of), *_of_payments(*of), *_of_others(*of), *_standing(*of)))


def _entry(row: Any, zone: str) -> Entry:
    day = row.day or wall_day(row.at, zone)
    return Entry(row.kind, day, row.at, row.record_id, row.number, row.charged, row.paid, row.method, row.text)


def _standing(patient_id: BindParameter[UUID], currency: BindParameter[str]) -> list[Select[Any]]:
    """Select what is due of open invoices, and what is left of payments."""
    due = _row(_DUE, Invoice.id, day=Invoice.due_on, charged=DUE)
    left = _row(_CREDIT, Payment.id, paid=Payment.amount_minor - Payment.allocated_minor - Payment.refunded_minor)
    return [
        due.where(Invoice.patient_id == patient_id, Invoice.currency == currency, Invoice.status == ISSUED),
        left.where(Payment.patient_id == patient_id, Payment.currency == currency, HAS_CREDIT),
    ]


def _of_invoices(patient_id: BindParameter[UUID], currency: BindParameter[str]) -> list[Select[Any]]:
    """Select what was charged, and what was credited or written off of it."""
    own = (Invoice.patient_id == patient_id, Invoice.currency == currency, Invoice.status != DRAFT)
    of_opening = Invoice.kind == OPENING
    issued = _row(
        case((of_opening, OPENING_BALANCE), else_=INVOICE),
        Invoice.id,
        day=Invoice.issued_on,
        number=Invoice.number,
        charged=Invoice.total_minor,
    )
    credited = _row(
        CREDIT_NOTE,
        CreditNote.id,
        day=CreditNote.issued_on,
        at=CreditNote.created_at,
        number=CreditNote.number,
        charged=-CreditNote.total_minor,
        text=CreditNote.reason,
    )
    undone = WriteOff.undoes_id.is_not(None)
    written_off = _row(
        case((undone, WRITE_OFF_UNDONE), (REVERSES_OPENING, OPENING_REVERSAL), else_=WRITE_OFF),
        Invoice.id,
        at=WriteOff.written_off_at,
        number=Invoice.number,
        charged=-WriteOff.amount_minor,
        text=WriteOff.reason,
    )
    return [
        issued.where(*own),
        credited.select_from(CreditNote).join(Invoice, Invoice.id == CreditNote.invoice_id).where(*own),
        written_off.select_from(WriteOff).join(Invoice, Invoice.id == WriteOff.invoice_id).where(*own),
    ]


def _of_payments(patient_id: BindParameter[UUID], currency: BindParameter[str]) -> list[Select[Any]]:
    """Select what was paid, also if it was reversed since, and what was given back."""
    own = (Payment.patient_id == patient_id, Payment.currency == currency)
    of_opening = Payment.kind == OPENING
    taken = _row(
        case((of_opening, OPENING_BALANCE), else_=PAYMENT),
        Payment.id,
        at=Payment.received_at,
        paid=Payment.amount_minor,
        method=case((of_opening, null()), else_=Payment.method),
        text=Payment.reference,
    )
    taken_back = _row(
        case((of_opening, OPENING_REVERSAL), else_=REVERSAL),
        Payment.id,
        at=Payment.reversed_at,
        paid=-Payment.amount_minor,
        text=Payment.reversal_reason,
    )
    refunded = _row(
        REFUND,
        Payment.id,
        at=Refund.refunded_at,
        charged=Refund.amount_minor,
        method=Refund.method,
        text=Refund.reason,
    )
    return [
        taken.where(*own),
        taken_back.where(*own, Payment.reversed_at.is_not(None)),
        refunded.select_from(Refund).join(Payment, Payment.id == Refund.payment_id).where(*own),
    ]


def _of_others(patient_id: BindParameter[UUID], currency: BindParameter[str]) -> list[Select[Any]]:
    """Select what is used of a payment of one patient for an invoice of another one."""
    payment, invoice = aliased(Payment), aliased(Invoice)
    rows = []
    for kind, sign in ((PAID_BY_ANOTHER, 1), (PAID_FOR_ANOTHER, -1)):
        is_by = kind == PAID_BY_ANOTHER
        own, other = (invoice, payment) if is_by else (payment, invoice)
        record_id = invoice.id if is_by else payment.id
        row = _row(kind, record_id, at=Allocation.allocated_at, number=invoice.number, paid=sign * _USED)
        rows.append(
            row.select_from(Allocation)
            .join(payment, payment.id == Allocation.payment_id)
            .join(invoice, invoice.id == Allocation.invoice_id)
            .where(own.patient_id == patient_id, other.patient_id != patient_id)
            .where(own.currency == currency, _USED > 0)
        )
    return rows


def _row(
    kind: Any,
    record_id: Any,
    *,
    day: Any = None,
    at: Any = None,
    number: Any = None,
    charged: Any = None,
    paid: Any = None,
    method: Any = None,
    text: Any = None,
) -> Select[Any]:
    """Select the columns of an entry."""
    return select(
        (literal(kind, String) if isinstance(kind, str) else kind).label("kind"),
        record_id.label("record_id"),
        _or_null(day, Date).label("day"),
        _or_null(at, UTCDateTime).label("at"),
        _or_null(number, String).label("number"),
        (literal(0, BigInteger) if charged is None else charged).label("charged"),
        (literal(0, BigInteger) if paid is None else paid).label("paid"),
        _or_null(method, String).label("method"),
        _or_null(text, String).label("text"),
    )


def _or_null(column: Any, type_: Any) -> Any:
    return cast(null(), type_) if column is None else column
