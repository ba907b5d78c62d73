"""Drafts of invoices: made, changed, duplicated and deleted; other modules reach them through `service.py`."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from clinic.appointments.service import AppointmentNotFound, appointment_service
from clinic.billing.invoice_queries import InvoiceNotFound, as_id
from clinic.billing.lines import LineFields, make_lines, price_book
from clinic.billing.models import Invoice, InvoiceLine
from clinic.billing.payers import PayerFields, keep_payer, set_payer
from clinic.billing.payment_problems import check_document
from clinic.billing.rules import DRAFT, OTHER_PATIENT
from clinic.billing.settings import billing_settings_service
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import Conflict, InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, PatientMerged, PatientNotFound, patient_service

_COPIED = (
    *("description", "quantity_thousandths", "unit_price_minor", "amount_minor", "item_id", "code"),
    *("discount_thousandths", "discount_minor"),
    *("tax_rate_id", "tax_name", "tax_category", "tax_thousandths", "tax_reason"),
)


class DraftFields(TypedDict):
    """What can be changed of a draft; lines are replaced as a whole."""

    appointment_id: NotRequired[UUID | None]
    lines: NotRequired[Sequence[LineFields]]
    note: NotRequired[str | None]
    payer: NotRequired[PayerFields | None]


class InvoiceNotDraft(Conflict):
    """Only a draft can be issued, changed or deleted."""

    code = "invoice-not-draft"

    def __init__(self) -> None:
        super().__init__("This invoice has been issued already")


class PartIssued(Conflict):
    """A draft can't be deleted once a part of it was issued: the rest would be billed to nobody."""

    code = "part-issued"

    def __init__(self, number: str | None) -> None:
        super().__init__(
            f"A part of this draft is issued as {number}: issue this one too, and write it off if nobody is to pay it"
        )


class Drafts:
    """The drafts of the current clinic."""

    def create(
        self,
        *,
        patient_id: UUID,
        lines: Sequence[LineFields],
        appointment_id: UUID | None = None,
        note: str | None = None,
        payer: PayerFields | None = None,
    ) -> Invoice:
        """Draft an invoice in the clinic's currency, maybe for one of the patient's appointments.

        Without a payer it is the one on record, the guardian of a minor, or the patient.

        :raises InvalidInput: if the patient or their appointment does not exist, or the payer can't be chosen
        :raises InvalidLines: with every problem of every line
        :raises PatientArchived: if the patient's record is archived
        """
        with unit_of_work():
            patient = _check_patient(patient_id)
            if appointment_id is not None:
                _check_appointment(appointment_id, patient_id)
            invoice = Invoice(patient_id=patient_id, appointment_id=appointment_id, note=note, **_terms())
            set_payer(invoice, patient, payer)
            invoice.lines = make_lines(lines, price_book(lines))
            return _stored(invoice)

    def update(self, invoice_id: UUID | str, *, version: int | None, **fields: Unpack[DraftFields]) -> Invoice:
        """Change the given fields of a draft; `version` is the one that was edited, None skips the check.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotDraft: if it has been issued
        :raises StaleVersion: if the draft has another version
        :raises InvalidInput: if the appointment is not the patient's, or the payer can't be chosen
        :raises InvalidLines: with every problem of every line
        """
        with unit_of_work():
            invoice = lock_draft(invoice_id, version)
            _change(invoice, **fields)
            return _stored(invoice)

    def duplicate(self, invoice_id: UUID | str) -> Invoice:
        """Draft an invoice with the lines of another one, whatever its status; it is for no visit.

        :raises InvoiceNotFound: if no record has that id
        :raises IsOpeningBalance: if it is an opening balance
        :raises PatientArchived: if the patient's record is archived
        """
        with unit_of_work():
            source = lock_invoice(invoice_id)
            check_document(source)
            patient = _check_patient(source.patient_id)
            invoice = Invoice(patient_id=source.patient_id, note=source.note, **_terms())
            keep_payer(invoice, source, patient)
            invoice.prices_include_tax = source.prices_include_tax
            invoice.lines = [_copied(line) for line in source.lines]
            return _stored(invoice)

    def delete(self, invoice_id: UUID | str, *, version: int | None) -> None:
        """Delete a draft with its lines; an issued invoice is never deleted.

        Drafts that are parts of it stay as they are, and so does the one that it is a part of.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotDraft: if it has been issued
        :raises PartIssued: if a part of it has been issued
        :raises StaleVersion: if the draft has another version; None skips the check
        """
        with unit_of_work():
            invoice = lock_draft(invoice_id, version)
            _let_parts_go(invoice)
            for line in list(invoice.lines):
                db.session.delete(line)
            db.session.flush()
            db.session.delete(invoice)
            db.session.flush()


def lock_invoice(invoice_id: UUID | str) -> Invoice:
    """Return an invoice, locked until the unit of work ends (on PostgreSQL).

    :raises InvoiceNotFound: if no record has that id
    """
    invoice = get_for_update(Invoice, as_id(invoice_id))
    if invoice is None:
        raise InvoiceNotFound
    return invoice


def lock_draft(invoice_id: UUID | str, version: int | None) -> Invoice:
    """Return a locked draft; `version` is the one that was shown, None skips the check.

    :raises InvoiceNotFound: if no record has that id
    :raises InvoiceNotDraft: if it has been issued
    :raises StaleVersion: if it has another version
    """
    invoice = lock_invoice(invoice_id)
    if invoice.status != DRAFT:
        raise InvoiceNotDraft
    if version not in {None, invoice.version}:
        raise StaleVersion
    return invoice


def lock_draft_and_patient(invoice_id: UUID | str, version: int | None) -> tuple[Patient, Invoice]:
    """Return a draft and its patient, both locked, the patient first as wherever both are.

    :raises InvoiceNotFound: if no record has that id
    :raises InvoiceNotDraft: if it has been issued
    :raises StaleVersion: if it has another version; None skips the check
    """
    patient_id = db.session.scalar(select(Invoice.patient_id).where(Invoice.id == as_id(invoice_id)))
    if patient_id is None:
        raise InvoiceNotFound
    patient = patient_service.lock(patient_id)
    return patient, lock_draft(invoice_id, version)


def load_whole(invoice: Invoice) -> None:
    """Store a draft, or an invoice that is being issued, so that a response reads nothing after the commit.

    Its totals were computed, so that its lines are loaded, and nothing pays it yet.
    """
    db.session.flush()
    set_committed_value(invoice, "allocations", [])


def _let_parts_go(invoice: Invoice) -> None:
    """Take the link from the parts of a draft that is deleted.

    :raises PartIssued: if one of them has been issued
    """
    parts = select(Invoice).where(Invoice.part_of_id == invoice.id).order_by(Invoice.id).with_for_update()
    for part in db.session.scalars(parts.execution_options(populate_existing=True)):
        if not part.is_draft:
            raise PartIssued(part.number)
        part.part_of_id = None


def _terms() -> dict[str, Any]:
    """Return the terms under which a draft is made: they stay if the settings change."""
    return {
        "currency": clinic_service.current().currency,
        "prices_include_tax": billing_settings_service.current().prices_include_tax,
    }


def _stored(invoice: Invoice) -> Invoice:
    invoice.total_minor = invoice.totals.gross.minor
    db.session.add(invoice)
    load_whole(invoice)
    return invoice


def _change(invoice: Invoice, **fields: Any) -> None:
    if "lines" in fields:
        _replace_lines(invoice, fields.pop("lines"))
    if "payer" in fields:
        set_payer(invoice, patient_service.get(invoice.patient_id), fields.pop("payer"))
    if (appointment_id := fields.get("appointment_id")) not in {None, invoice.appointment_id}:
        _check_appointment(appointment_id, invoice.patient_id)
    for name, value in fields.items():
        setattr(invoice, name, value)


def _replace_lines(invoice: Invoice, lines: Sequence[LineFields]) -> None:
    """Replace the lines of a draft; the old ones go first, as a position is taken once."""
    rows = make_lines(lines, price_book(lines, invoice.lines))
    for line in list(invoice.lines):
        db.session.delete(line)
    db.session.flush()
    db.session.refresh(invoice, ["lines"])
    invoice.lines.extend(rows)
    invoice.updated_at = now()


def _copied(line: InvoiceLine) -> InvoiceLine:
    return InvoiceLine(position=line.position, **{name: getattr(line, name) for name in _COPIED})


def _check_patient(patient_id: UUID) -> Patient:
    try:
        patient = patient_service.lock(patient_id)
        patient_service.check_active(patient)
    except (PatientNotFound, PatientMerged) as error:
        raise InvalidInput(error.message, field="patient_id") from error
    return patient


def _check_appointment(appointment_id: UUID, patient_id: UUID) -> None:
    """Check that an appointment is the patient's; to those who may not see appointments there is none.

    :raises InvalidInput: if it is not
    """
    try:
        if not current_actor().has_permission("appointments:read"):
            raise AppointmentNotFound
        appointment = appointment_service.get(appointment_id)
    except AppointmentNotFound as error:
        raise InvalidInput(error.message, field="appointment_id") from error
    if appointment.patient_id != patient_id:
        raise InvalidInput(OTHER_PATIENT, field="appointment_id")
