"""The invoices and payments of a patient as rows of the timeline, from the audit trail, which has when and by whom."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select

from clinic.billing.models import Invoice, Payment
from clinic.billing.rules import OPENING
from clinic.core.audit import CHANGED, CREATED, AuditEntry
from clinic.core.db.json_object import json_object
from clinic.core.tenancy import current_clinic_id
from clinic.core.timeline_sources import SubjectIds, timeline_rows

DRAFTED, ISSUED, PAID, OWED_BEFORE, LEFT_BEFORE = "drafted", "issued", "paid", "owed-before", "left-before"


def select_invoices(patient_ids: SubjectIds) -> Select[Any]:
    """Select when invoices were drafted, when they were issued, and when what was owed before was entered."""
    field = func.json_each(AuditEntry.changes).table_valued("key")
    issued = exists(select(field.c.key).where(field.c.key == "number"))
    drafted = and_(AuditEntry.action == CREATED, Invoice.kind != OPENING)
    moments = or_(drafted, and_(AuditEntry.action == CHANGED, issued))
    details = json_object(number=Invoice.number, total=Invoice.total_minor, currency=Invoice.currency)
    action = case((Invoice.kind == OPENING, OWED_BEFORE), (AuditEntry.action == CREATED, DRAFTED), else_=ISSUED)
    return (
        _entries(Invoice.__tablename__, action, details, patient_ids)
        .join(Invoice, Invoice.id == AuditEntry.record_id)
        .where(moments)
    )


def select_payments(patient_ids: SubjectIds) -> Select[Any]:
    """Select when payments were recorded, and when credit from before was entered."""
    details = json_object(
        number=Invoice.number, amount=Payment.amount_minor, currency=Payment.currency, method=Payment.method
    )
    action = case((Payment.kind == OPENING, LEFT_BEFORE), else_=PAID)
    return (
        _entries(Payment.__tablename__, action, details, patient_ids, of_invoice=Invoice.id.is_not(None))
        .join(Payment, Payment.id == AuditEntry.record_id)
        .outerjoin(Invoice, Invoice.id == Payment.invoice_id)
        .where(AuditEntry.action == CREATED)
    )


def _entries(
    record: str, action: Any, details: ColumnElement[Any], patient_ids: SubjectIds, of_invoice: Any = True
) -> Select[Any]:
    """Select entries of the audit trail about a record; those that are not about an invoice are about that record."""
    rows = timeline_rows(
        at=AuditEntry.at,
        id=AuditEntry.id,
        action=action,
        record=case((of_invoice, "invoices"), else_=record),
        record_id=case((of_invoice, Invoice.id), else_=AuditEntry.record_id),
        actor=AuditEntry.actor,
        details=details,
    )
    of_patients = (AuditEntry.clinic_id == current_clinic_id(), AuditEntry.subject_id.in_(patient_ids))
    return rows.select_from(AuditEntry).where(*of_patients, AuditEntry.record == record)
