"""The rows of the list of invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import get_template_attribute

from clinic.billing.service import Invoice
from clinic.billing.standings import OPEN, OVERDUE, is_late
from clinic.core.context import current_actor
from clinic.patients.service import Patient, patient_service


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice as the list shows it: its tag, its patient, who else pays, and how near or late its due date is."""

    invoice: Invoice
    patient: Patient
    tag: tuple[str, str]
    paid_by: str | None
    note: str | None
    is_late: bool


def invoice_rows(invoices: Sequence[Invoice], day: date) -> Sequence[InvoiceRow]:
    """Return the rows of invoices on a day; payers are named only to actors who may see patients."""
    patients = patient_service.get_many({invoice.patient_id for invoice in invoices})
    sees_names = current_actor().has_permission("patients:read")
    return [_row(one, patients[one.patient_id], day, names=sees_names) for one in invoices]


def due_note(due_on: date | None, day: date) -> str | None:
    """Return how near or late a due date is: `66 days overdue`, `today`, `tomorrow`, else None."""
    if due_on is None:
        return None
    days = (day - due_on).days
    if days > 0:
        return f"{days} day overdue" if days == 1 else f"{days:,} days overdue"
    return {0: "today", -1: "tomorrow"}.get(days)


def _row(invoice: Invoice, patient: Patient, day: date, *, names: bool) -> InvoiceRow:
    late = invoice.is_open and is_late(invoice.due_on, day)
    standing = OVERDUE if late and invoice.standing == OPEN else invoice.standing
    tags: dict[str, tuple[str, str]] = get_template_attribute("billing/_standings.html", "standings")
    note = due_note(invoice.due_on, day) if invoice.is_open else None
    return InvoiceRow(
        invoice, patient, tags[standing], invoice.other_payer_text(invoice.billed_payer) if names else None, note, late
    )
