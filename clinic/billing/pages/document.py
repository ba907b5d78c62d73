"""Invoices and credit notes as documents: what is printed of them, taken from the records for a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinic.billing.pages.labels import tax_text
from clinic.billing.service import CreditNote, Invoice, InvoiceLine, IssueTerms
from clinic.billing.settings_rules import spaced_iban
from clinic.billing.totals import TaxGroup
from clinic.core.context import current_actor
from clinic.core.phone_numbers import written_phone
from clinic.patients.service import Patient

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

MANY_LINES = 20
"""A document with more lines may take a second page: each names the invoice then."""


@dataclass(frozen=True)
class Document:
    """What a document shows: seller, payer and patient as printed, its dates, and the notes to its taxes.

    `lines` are the lines of the invoice that it is about, `groups` what it comes to by rate of tax.
    """

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    groups: Sequence[TaxGroup]
    seller: Mapping[str, Any]
    payer: Mapping[str, Any]
    patient: Mapping[str, Any]
    issued_on: date | None
    due_on: date | None

    @property
    def iban(self) -> str | None:
        """The account for transfers, in groups of four."""
        return spaced_iban(self.seller["iban"]) if self.seller["iban"] else None

    @property
    def phone(self) -> str | None:
        """The seller's phone number as it is written."""
        return written_phone(self.seller["phone"]) if self.seller["phone"] else None

    @property
    def has_taxes(self) -> bool:
        """Whether a line has a tax."""
        return any(group.category for group in self.groups)

    @property
    def is_long(self) -> bool:
        """Whether it may take more than one page."""
        return len(self.lines) > MANY_LINES

    @property
    def notes(self) -> Sequence[tuple[str, str]]:
        """Why some lines have no tax, each reason once with its mark."""
        return [(_mark(at), reason) for at, reason in enumerate(self._tax_reasons, start=1)]

    @property
    def patient_pays(self) -> bool:
        """Whether the payer is the patient, by name."""
        return all(self.payer[name] == self.patient[name] for name in ("family_name", "given_name"))

    def tax_of(self, line: InvoiceLine) -> str:
        """Return the tax of a line with the mark of its note: `23 %`, `Exempt ¹`."""
        return " ".join([tax_text(line.tax_category, line.tax_rate), *self._marks([line])])

    def tax_of_group(self, group: TaxGroup) -> str:
        """Return the tax of a group with the marks of its notes."""
        lines = [line for line in self.lines if line.tax == (group.category, group.rate)]
        return " ".join([tax_text(group.category, group.rate) or "No tax", *self._marks(lines)])

    @property
    def _tax_reasons(self) -> list[str]:
        return list(dict.fromkeys(line.tax_reason for line in self.lines if line.tax_reason))

    def _marks(self, lines: Sequence[InvoiceLine]) -> list[str]:
        reasons = self._tax_reasons
        return [_mark(reasons.index(one) + 1) for one in dict.fromkeys(line.tax_reason for line in lines) if one]


def document_of(invoice: Invoice, patient: Patient, terms: IssueTerms | None) -> Document:
    """Return the document of an invoice; of a draft with the terms with which it would be issued."""
    content = (invoice, invoice.lines, invoice.totals.groups)
    if terms is not None:
        own = {name: getattr(patient, name) for name in ("family_name", "given_name", "birth_date", "mrn")}
        return Document(*content, terms.seller, terms.payer, own, None, terms.due_on)
    printed: Any = invoice.billed_to
    return Document(
        *content, invoice.seller or {}, invoice.billed_payer or {}, printed, invoice.issued_on, invoice.due_on
    )


def document_of_credit_note(note: CreditNote) -> Document:
    """Return the document of a credit note."""
    lines = [row.line for row in note.lines]
    seller, payer = note.seller or {}, note.billed_payer or {}
    return Document(note.invoice, lines, note.groups, seller, payer, note.billed_to, note.issued_on, None)


def printed_visits(invoice: Invoice) -> Sequence[Mapping[str, Any]]:
    """Return the visits that an issued invoice names, to those who may see appointments."""
    if not current_actor().has_permission("appointments:read"):
        return ()
    return [visit | {"day": date.fromisoformat(visit["day"])} for visit in map(dict, invoice.visits)]


def _mark(number: int) -> str:
    return str(number).translate(_SUPERSCRIPTS)
