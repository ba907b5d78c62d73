"""The money of a patient as rows of the timeline, from the audit trail, which has when and by whom.

Invoices and payments, and what corrects them: credit notes, write-offs, refunds and reversals.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, case, exists, func, or_, select

from clinic.billing.models import Allocation, CreditNote, Invoice, Payment, Refund, WriteOff
from clinic.billing.payment_queries import REVERSES_OPENING
from clinic.billing.rules import OPENING
from clinic.core.audit import CHANGED, CREATED, AuditEntry
from clinic.core.db.json_object import json_object
from clinic.core.db.orm_session import CURRENT_CLINIC
from clinic.core.timeline_sources import Subjects, timeline_rows

_INVOICE = (Invoice.__tablename__, Invoice.id)
_PAYMENT = (Payment.__tablename__, Payment.id)
_CREDIT_NOTE = (CreditNote.__tablename__, CreditNote.id)

DRAFTED, ISSUED, PAID = "drafted", "issued", "paid"
OWED_BEFORE, LEFT_BEFORE, OPENING_REVERSED = "owed-before", "left-before", "opening-reversed"
CREDITED, REFUNDED, REVERSED = "credited", "refunded", "reversed"
WRITTEN_OFF, WRITE_OFF_UNDONE = "written-off", "write-off-undone"


def select_invoices(patient_ids: Subjects) -> Select[Any]:
    """Select when invoices were drafted, when they were issued, and when what was owed before was entered."""
    drafted = and_(AuditEntry.action == CREATED, Invoice.kind != OPENING)
    moments = or_(drafted, and_(AuditEntry.action == CHANGED, _has_changed("number")))
    details = json_object(number=Invoice.number, amount=Invoice.total_minor, currency=Invoice.currency)
    action = case((Invoice.kind == OPENING, OWED_BEFORE), (AuditEntry.action == CREATED, DRAFTED), else_=ISSUED)
    return (
        _entries(Invoice.__tablename__, action, details, patient_ids, about=_INVOICE)
        .join(Invoice, Invoice.id == AuditEntry.record_id)
        .where(moments)
    )


def select_payments(patient_ids: Subjects) -> Select[Any]:
    """Select when payments were recorded, and when credit from before was entered."""
    details = json_object(
        number=Invoice.number, amount=Payment.amount_minor, currency=Payment.currency, method=Payment.method
    )
    action = case((Payment.kind == OPENING, LEFT_BEFORE), else_=PAID)
    of_invoice = Invoice.id.is_not(None)
    record, record_id = (case((of_invoice, one), else_=other) for one, other in zip(_INVOICE, _PAYMENT, strict=True))
    return (
        _entries(Payment.__tablename__, action, details, patient_ids, about=(record, record_id))
        .join(Payment, Payment.id == AuditEntry.record_id)
        .outerjoin(Invoice, Invoice.id == Payment.invoice_id)
        .where(AuditEntry.action == CREATED)
    )


def select_credit_notes(patient_ids: Subjects) -> Select[Any]:
    """Select when credit notes were issued."""
    details = json_object(
        number=CreditNote.number,
        invoice=Invoice.number,
        amount=CreditNote.total_minor,
        currency=Invoice.currency,
        reason=CreditNote.reason,
    )
    return (
        _entries(CreditNote.__tablename__, CREDITED, details, patient_ids, about=_CREDIT_NOTE)
        .join(CreditNote, CreditNote.id == AuditEntry.record_id)
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .where(AuditEntry.action == CREATED)
    )


def select_write_offs(patient_ids: Subjects) -> Select[Any]:
    """Select when something was written off, when that was undone, and when what was owed before was reversed by it."""
    undone = WriteOff.undoes_id.is_not(None)
    action = case((undone, WRITE_OFF_UNDONE), (REVERSES_OPENING, OPENING_REVERSED), else_=WRITTEN_OFF)
    size = func.abs(WriteOff.amount_minor)
    details = json_object(number=Invoice.number, amount=size, currency=Invoice.currency, reason=WriteOff.reason)
    return (
        _entries(WriteOff.__tablename__, action, details, patient_ids, about=_INVOICE)
        .join(WriteOff, WriteOff.id == AuditEntry.record_id)
        .join(Invoice, Invoice.id == WriteOff.invoice_id)
        .where(AuditEntry.action == CREATED)
    )


def select_refunds(patient_ids: Subjects) -> Select[Any]:
    """Select when money was given back."""
    details = json_object(
        amount=Refund.amount_minor, currency=Payment.currency, method=Refund.method, reason=Refund.reason
    )
    return (
        _entries(Refund.__tablename__, REFUNDED, details, patient_ids, about=_PAYMENT)
        .join(Refund, Refund.id == AuditEntry.record_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(AuditEntry.action == CREATED)
    )


def select_reversals(patient_ids: Subjects) -> Select[Any]:
    """Select when payments, and credit from before, were reversed."""
    action = case((Payment.kind == OPENING, OPENING_REVERSED), else_=REVERSED)
    details = json_object(amount=Payment.amount_minor, currency=Payment.currency, reason=Payment.reversal_reason)
    return (
        _entries(Payment.__tablename__, action, details, patient_ids, about=_PAYMENT)
        .join(Payment, Payment.id == AuditEntry.record_id)
        .where(Payment.reversed_at.is_not(None), AuditEntry.action == CHANGED, _has_changed("reversed_at"))
    )


def about_invoice(invoice_id: BindParameter[UUID]) -> Mapping[str, ColumnElement[bool]]:
    """Return the condition of each source, by its name, on what concerns one invoice."""
    used = select(Allocation.payment_id).where(Allocation.invoice_id == invoice_id)
    return {
        "invoices": Invoice.id == invoice_id,
        "payments": Payment.id.in_(used),
        "credit_notes": CreditNote.invoice_id == invoice_id,
        "write_offs": WriteOff.invoice_id == invoice_id,
        "refunds": Refund.payment_id.in_(used),
        "reversals": Payment.id.in_(used),
    }


def _has_changed(field: str) -> ColumnElement[bool]:
    """Return whether an entry of the audit trail is about a change of a field."""
    changed = func.json_each(AuditEntry.changes).table_valued("key")
    return exists(select(changed.c.key).where(changed.c.key == field))


def _entries(
    table: str, action: Any, details: ColumnElement[Any], patient_ids: Subjects, *, about: tuple[Any, Any]
) -> Select[Any]:
    """Select entries of the audit trail about the rows of a table; they show a record by its table and id."""
    record, record_id = about
    rows = timeline_rows(
        at=AuditEntry.at,
        id=AuditEntry.id,
        action=action,
        record=record,
        record_id=record_id,
        actor=AuditEntry.actor,
        details=details,
    )
    of_patients = (AuditEntry.clinic_id == CURRENT_CLINIC, AuditEntry.subject_id.in_(patient_ids))
    return rows.select_from(AuditEntry).where(*of_patients, AuditEntry.record == table)
