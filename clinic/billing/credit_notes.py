"""Credit notes; other modules reach them through `service.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from clinic.billing.allocations import lock_payments_of, release
from clinic.billing.credit_totals import Quantities, credit_totals, credited_amount
from clinic.billing.drafts import lock_invoice
from clinic.billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from clinic.billing.particulars import credit_particulars
from clinic.billing.payment_problems import (
    InvoiceCancelled,
    InvoiceNotIssued,
    check_amount_as_shown,
    check_document,
    check_version_as_shown,
)
from clinic.billing.rules import (
    BAD_QUANTITY,
    BALANCED,
    CANCELLED,
    CREDIT_REASONS,
    DRAFT,
    LINE_TWICE,
    NO_SUCH_LINE,
    NOTE_NEEDED,
    NOTHING_CREDITED,
    OTHER_REASON,
    UNKNOWN_REASON,
    at_most_left,
    thousandths,
)
from clinic.billing.settings import billing_settings_service
from clinic.billing.settings_rules import CREDIT_NOTE_PATTERN, invoice_number
from clinic.billing.totals import Totals
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.db.sequences import next_number
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.money import Money
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service

INVOICE_CREDITED = declare_event(
    "invoice.credited",
    "invoice_id",
    "credit_note_id",
    "amount",
    published_by="BillingService.credit_invoice",
    when="a credit note was issued for an invoice; the amount is that of the credit note",
)


@dataclass(frozen=True)
class CreditedLine:
    """The quantity that is credited of a line."""

    line_id: UUID
    quantity: Fraction


class CreditTooLarge(Conflict):
    """A credit note would come to more than is owed and not written off."""

    code = "credit-too-large"

    def __init__(self, left: Money) -> None:
        super().__init__(
            f"Only {left.format(clinic_service.current().locale)} can be credited: the rest is written off"
        )
        self.details = {"left": {"amount": left.amount, "currency": left.currency}}


class CreditNotes:
    """The credit notes of the current clinic."""

    def credit_invoice(
        self,
        invoice_id: UUID | str,
        *,
        reason: str,
        note: str | None = None,
        lines: Sequence[CreditedLine] | None = None,
        version: int | None = None,
        amount: Money | None = None,
    ) -> CreditNote:
        """Issue a credit note over lines of an invoice, or over all that is not credited yet, with a number of its own.

        What was paid beyond what is then owed becomes credit of the payments, the last one first. Over the rest it
        cancels the invoice if nothing was paid, else it balances it. `version` of the invoice and `amount` of the
        credit note are what was shown; None skips the check.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises IsOpeningBalance: if it is an opening balance
        :raises InvoiceCancelled: if it is wholly credited
        :raises CreditTooLarge: if part of it was written off
        :raises InvoiceChanged: if the invoice has another version
        :raises AmountChanged: if the credit note would come to another amount
        :raises InvalidInput: if the reason, the note or a line is invalid, or nothing would be credited
        """
        with unit_of_work():
            invoice = lock_invoice(invoice_id)
            lock_payments_of(invoice)
            added, totals = self._plan_with_reason(invoice, lines, reason, note)
            check_version_as_shown(invoice, version)
            check_amount_as_shown(totals.gross, amount)
            _apply(invoice, totals.gross)
            copied = credit_particulars(invoice, billing_settings_service.current())
            credit_note = CreditNote(reason=reason, note=note, taxes=_taxes(totals), **copied)
            credit_note.total_minor = totals.gross.minor
            credit_note.invoice = invoice
            credit_note.number, credit_note.issued_on = _next_number_and_day(invoice)
            credit_note.lines = _lines(invoice, credited_before(invoice.id), added)
            db.session.add(credit_note)
            db.session.flush()
            data = {"invoice_id": str(invoice.id), "credit_note_id": str(credit_note.id)}
            set_event_subject(invoice.patient_id, invoice.version)
            event_bus.publish(INVOICE_CREDITED.name, data | {"amount": totals.gross.amount})
        return credit_note

    def plan_credit(self, invoice: Invoice, lines: Sequence[CreditedLine] | None) -> tuple[Quantities, Totals]:
        """Return the quantities, in thousandths, and the totals of a credit note, without issuing it.

        :raises InvoiceNotIssued: if the invoice is a draft
        :raises IsOpeningBalance: if it is an opening balance
        :raises InvoiceCancelled: if it is wholly credited
        :raises CreditTooLarge: if part of it was written off
        :raises InvalidInput: if a line is invalid, or nothing would be credited
        """
        if invoice.status == DRAFT:
            raise InvoiceNotIssued
        check_document(invoice)
        if invoice.total_minor and not invoice.owed.minor:
            raise InvoiceCancelled
        before = credited_before(invoice.id)
        added = _rest(invoice, before) if lines is None else _told(invoice, before, lines)
        totals = credit_totals(
            invoice.lines, before, added, invoice.currency, prices_include_tax=invoice.prices_include_tax
        )
        if not totals.gross.minor:
            raise InvalidInput(NOTHING_CREDITED, field="lines")
        left = invoice.owed - invoice.written_off
        if totals.gross.minor > left.minor:
            raise CreditTooLarge(left)
        return added, totals

    def creditable(self, invoice: Invoice) -> Mapping[UUID, Fraction]:
        """Return what can still be credited of each line of an invoice."""
        before = credited_before(invoice.id)
        return {line.id: line.quantity - Fraction(before.get(line.id, 0), 1000) for line in invoice.lines}

    def _plan_with_reason(
        self, invoice: Invoice, lines: Sequence[CreditedLine] | None, reason: str, note: str | None
    ) -> tuple[Quantities, Totals]:
        """Return the plan of a credit note, or raise its problems together with those of its reason."""
        problems = reason_problems(reason, note)
        try:
            planned = self.plan_credit(invoice, lines)
        except InvalidInput as error:
            problems |= error.problems
            raise InvalidInput(error.message, problems=problems) from error
        if problems:
            raise InvalidInput(next(iter(problems.values()))[0], problems=problems)
        return planned


def reason_problems(reason: str, note: str | None) -> dict[str, list[str]]:
    """Return what is wrong with the reason of a credit note, or with the note that it needs."""
    if reason not in CREDIT_REASONS:
        return {"reason": [UNKNOWN_REASON]}
    return {"note": [NOTE_NEEDED]} if reason == OTHER_REASON and not note else {}


def credited_before(invoice_id: UUID) -> Quantities:
    """Return what is credited of the lines of an invoice, in thousandths."""
    line = CreditNoteLine.invoice_line_id
    counted = select(line, func.sum(CreditNoteLine.quantity_thousandths)).join(CreditNoteLine.credit_note)
    found = db.session.execute(counted.where(CreditNote.invoice_id == invoice_id).group_by(line))
    return {line_id: int(quantity) for line_id, quantity in found}


def _rest(invoice: Invoice, before: Quantities) -> Quantities:
    rest = {line.id: line.quantity_thousandths - before.get(line.id, 0) for line in invoice.lines}
    return {line_id: quantity for line_id, quantity in rest.items() if quantity}


def _told(invoice: Invoice, before: Quantities, lines: Sequence[CreditedLine]) -> Quantities:
    """Return the quantities of given lines.

    :raises InvalidInput: with every problem of every line, at its number, counted from 0
    """
    of_invoice = {line.id: line for line in invoice.lines}
    added: dict[UUID, int] = {}
    problems: dict[int, dict[str, list[str]]] = {}
    for index, told in enumerate(lines):
        line, quantity = of_invoice.get(told.line_id), thousandths(told.quantity)
        if line is None or told.line_id in added:
            problems[index] = {"line_id": [LINE_TWICE if line else NO_SUCH_LINE]}
        elif wrong := _quantity_problem(line, before.get(line.id, 0), quantity):
            problems[index] = {"quantity": [wrong]}
        added[told.line_id] = quantity or 0
    if problems:
        nested: Any = {"lines": problems}
        raise InvalidInput(next(iter(next(iter(problems.values())).values()))[0], problems=nested)
    return added


def _quantity_problem(line: InvoiceLine, before: int, quantity: int | None) -> str | None:
    if quantity is None:
        return BAD_QUANTITY
    left = line.quantity_thousandths - before
    return at_most_left(left) if quantity > left else None


def _apply(invoice: Invoice, amount: Money) -> None:
    """Lower what is owed of an invoice, whose payments are locked."""
    nothing_paid = not invoice.paid_minor
    release(invoice.uses, max(amount.minor - invoice.due.minor, 0))
    invoice.credited_minor += amount.minor
    if not invoice.due.minor:
        invoice.status = CANCELLED if nothing_paid else BALANCED


def _lines(invoice: Invoice, before: Quantities, added: Quantities) -> list[CreditNoteLine]:
    rows = []
    for line in invoice.lines:
        if quantity := added.get(line.id, 0):
            done = before.get(line.id, 0)
            amount = credited_amount(line, done + quantity) - credited_amount(line, done)
            row = CreditNoteLine(position=line.position, quantity_thousandths=quantity, amount_minor=amount.minor)
            row.line = line
            rows.append(row)
    return rows


def _taxes(totals: Totals) -> list[dict[str, Any]]:
    return [
        {
            "category": group.category,
            "rate_thousandths": int(group.rate * 1000),
            "net_minor": group.net.minor,
            "tax_minor": group.tax.minor,
        }
        for group in totals.groups
    ]


def _next_number_and_day(invoice: Invoice) -> tuple[str, date]:
    """Return number and date of the next credit note; never before the date of the previous one, or of the invoice."""
    day = max(today(clinic_service.current().zone), invoice.issued_on or date.min, _latest_day(date.max))
    number = invoice_number(CREDIT_NOTE_PATTERN, day.year, next_number(f"credit-note:{day.year}"))
    return number, max(day, _latest_day(date(day.year, 12, 31)))


def _latest_day(until: date) -> date:
    return db.session.scalar(select(func.max(CreditNote.issued_on)).where(CreditNote.issued_on <= until)) or date.min
