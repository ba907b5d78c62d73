"""The audit of documents: lines, totals and taxes of invoices and credit notes, computed anew from their rows."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from clinic.billing.audit_findings import Finding, Findings, amounts_differ
from clinic.billing.credit_totals import credit_totals, credited_amount
from clinic.billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from clinic.billing.totals import Discount, line_amount
from clinic.core.db import db

_BATCH = 500


def audit_documents() -> Findings:
    """Return what is off in the documents of the current clinic."""
    for invoice in _invoices():
        yield from _audit_lines(invoice)
        expected = invoice.totals.gross.minor
        if invoice.total_minor != expected:
            text = amounts_differ(invoice.total_minor, expected, invoice.currency, "the total", "its lines")
            yield Finding("invoice-total", "invoices", invoice.id, invoice.number, text)
    for notes in _credit_notes():
        yield from _audit_credit_notes(notes)
    yield from _audit_parts()


def _invoices() -> Iterator[Invoice]:
    """Return all invoices with their lines, some at a time."""
    after: UUID | None = None
    while True:
        wanted = select(Invoice).options(selectinload(Invoice.lines)).order_by(Invoice.id).limit(_BATCH)
        found = db.session.scalars(wanted if after is None else wanted.where(Invoice.id > after)).all()
        yield from found
        if len(found) < _BATCH:
            return
        after = found[-1].id


def _credit_notes() -> Iterator[Sequence[CreditNote]]:
    """Return the credit notes of each invoice that has some, in the order of their issue."""
    ids = db.session.scalars(select(CreditNote.invoice_id).distinct().order_by(CreditNote.invoice_id)).all()
    lines = selectinload(CreditNote.lines).joinedload(CreditNoteLine.line)
    for invoice_id in ids:
        wanted = select(CreditNote).options(lines, joinedload(CreditNote.invoice).selectinload(Invoice.lines))
        found = db.session.scalars(wanted.where(CreditNote.invoice_id == invoice_id)).all()
        yield sorted(found, key=lambda one: (one.issued_on, one.number))


def _audit_lines(invoice: Invoice) -> Findings:
    for line in invoice.lines:
        expected = line_amount(line.quantity, line.unit_price, _discount(line)).minor
        if line.amount_minor != expected:
            what, source = f"the amount of line {line.position}", "its quantity, price and discount"
            text = amounts_differ(line.amount_minor, expected, invoice.currency, what, source)
            yield Finding("line-amount", "invoices", invoice.id, invoice.number, text)


def _audit_parts() -> Findings:
    """Return the parts that are parts of themselves, or of an invoice of another patient or currency."""
    whole = aliased(Invoice)
    wanted = select(Invoice, whole).join(whole, whole.id == Invoice.part_of_id).order_by(Invoice.id)
    differs = or_(whole.patient_id != Invoice.patient_id, whole.currency != Invoice.currency)
    for part, found in db.session.execute(wanted.where(or_(whole.id == Invoice.id, differs))):
        other = "patient" if part.patient_id != found.patient_id else "currency"
        named = found.number or "a draft"
        text = "it is a part of itself" if part is found else f"it is a part of {named}, which is of another {other}"
        yield Finding("part-of-invoice", "invoices", part.id, part.number, text)


def _discount(line: InvoiceLine) -> Discount | None:
    if line.discount_percent is None and line.discount is None:
        return None
    return Discount(line.discount_percent or Discount().percent, line.discount)


def _audit_credit_notes(notes: Sequence[CreditNote]) -> Findings:
    """Compute the credit notes of an invoice anew: each adds its quantities to those of the ones before."""
    invoice = notes[0].invoice
    before: dict[UUID, int] = {}
    for note in notes:
        added = {row.invoice_line_id: row.quantity_thousandths for row in note.lines}
        if strange := added.keys() - {line.id for line in invoice.lines}:
            text = f"{len(strange)} of its lines are not of the invoice {invoice.number}"
            yield Finding("credit-line", "credit_notes", note.id, note.number, text)
            continue
        for row in note.lines:
            done = before.get(row.invoice_line_id, 0)
            if done + row.quantity_thousandths > row.line.quantity_thousandths:
                text = f"more of line {row.position} is credited than the invoice {invoice.number} has"
                yield Finding("credit-line", "credit_notes", note.id, note.number, text)
            expected = credited_amount(row.line, done + row.quantity_thousandths) - credited_amount(row.line, done)
            if row.amount_minor != expected.minor:
                what, source = f"the amount of line {row.position}", "its quantity and the line of the invoice"
                text = amounts_differ(row.amount_minor, expected.minor, note.currency, what, source)
                yield Finding("credit-line", "credit_notes", note.id, note.number, text)
        include = invoice.prices_include_tax
        totals = credit_totals(invoice.lines, before, added, note.currency, prices_include_tax=include)
        if (note.total_minor, note.net.minor) != (totals.gross.minor, totals.net.minor):
            text = amounts_differ(note.total_minor, totals.gross.minor, note.currency, "the total", "its lines")
            yield Finding("credit-note-total", "credit_notes", note.id, note.number, text)
        before = {line.id: before.get(line.id, 0) + added.get(line.id, 0) for line in invoice.lines}
