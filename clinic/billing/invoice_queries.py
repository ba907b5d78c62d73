"""Queries for invoices and payments; other modules reach them through `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, union
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from clinic.appointments.service import Appointment
from clinic.billing.models import Allocation, Invoice, InvoiceLine, Payment
from clinic.billing.rules import ISSUED
from clinic.core.audit import CREATED, AuditEntry
from clinic.core.context import IMPORT
from clinic.core.db import Base, db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import find_row
from clinic.core.errors import NotFound
from clinic.core.money import Money
from clinic.core.text import is_storable
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service

Record = TypeVar("Record", bound=Base)

DUE = Invoice.total_minor - Invoice.credited_minor - Invoice.written_off_minor - Invoice.paid_minor
"""What is due of an invoice."""

WHOLLY_CREDITED = and_(Invoice.credited_minor > 0, Invoice.credited_minor == Invoice.total_minor)
"""Whether nothing is left of an invoice, as credit notes took all of it back."""


class InvoiceNotFound(NotFound):
    """The current clinic has no such invoice."""

    def __init__(self) -> None:
        super().__init__("There is no such invoice")


class InvoiceQueries:
    """The invoices and payments of the current clinic, to read."""

    def get(self, invoice_id: UUID | str) -> Invoice:
        """Return an invoice of the current clinic.

        :raises InvoiceNotFound: if no record has that id
        """
        return get_or_raise(Invoice, invoice_id, InvoiceNotFound)

    def get_with_lines(self, invoice_id: UUID) -> Invoice:
        """Return an invoice of the current clinic with its lines, its parts and what it is a part of, in one query.

        :raises InvoiceNotFound: if no record has that id
        """
        linked = (joinedload(one) for one in (Invoice.lines, Invoice.whole, Invoice.parts))
        return get_or_raise(Invoice, invoice_id, InvoiceNotFound, *linked)

    def was_imported(self, invoice: Invoice) -> bool:
        """Return whether an invoice was imported, or is part of sample data: nobody is reminded of it."""
        patient = patient_service.get_many([invoice.patient_id])[invoice.patient_id]
        created = select(AuditEntry.id).where(
            AuditEntry.clinic_id == invoice.clinic_id,
            AuditEntry.subject_id.in_(patient.record_ids),
            AuditEntry.record == Invoice.__tablename__,
            AuditEntry.record_id == invoice.id,
            AuditEntry.action == CREATED,
            AuditEntry.actor.startswith(IMPORT),
        )
        return bool(db.session.scalar(select(created.exists())))

    def numbers(self, invoice_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the numbers of the invoices of these ids, `Draft` without one, in one query."""
        found = db.session.execute(select(Invoice.id, Invoice.number).where(Invoice.id.in_(set(invoice_ids))))
        return {invoice_id: number or "Draft" for invoice_id, number in found}

    def identify(self, number: str) -> Invoice:
        """Return the invoice of a number or an id.

        :raises InvoiceNotFound: if there is none
        """
        if not is_storable(number):
            raise InvoiceNotFound
        try:
            return self.get(number)
        except ValueError:
            invoice = db.session.scalar(select(Invoice).where(Invoice.number == number.upper()))
        if invoice is None:
            raise InvoiceNotFound
        return invoice

    def payments_of(
        self, invoice_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[Payment]:
        """Return the payments of an invoice, the newest first.

        :raises InvoiceNotFound: if no record has that id
        """
        used = select(Allocation.payment_id).where(Allocation.invoice_id == self.get(invoice_id).id)
        wanted = select(Payment).options(selectinload(Payment.allocations)).where(Payment.id.in_(used))
        return paginate(wanted, [Payment.id], limit=limit, after=after, descending=True)

    def open_of(self, patient_id: UUID) -> Sequence[Invoice]:
        """Return the unpaid invoices of a patient, the oldest first."""
        wanted = select(Invoice).where(Invoice.patient_id == patient_id, Invoice.status == ISSUED)
        return db.session.scalars(wanted.order_by(Invoice.issued_on, Invoice.number, Invoice.id)).all()

    def of_visit(self, appointment: Appointment) -> tuple[Sequence[Invoice], Sequence[Invoice]]:
        """Return the invoices of an appointment, and other unpaid ones of its patient, the oldest first."""
        of_line = exists().where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.appointment_id == appointment.id)
        own = or_(Invoice.appointment_id == appointment.id, of_line)
        unpaid = and_(Invoice.patient_id == appointment.patient_id, Invoice.status == ISSUED)
        rows = db.session.execute(select(Invoice, own).where(or_(own, unpaid)).order_by(Invoice.id)).all()
        return [invoice for invoice, is_own in rows if is_own], [invoice for invoice, is_own in rows if not is_own]

    def due_of_visits(self, appointment_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Money]]:
        """Return what is due of the open invoices of those of some visits that have one, by currency, in one query."""
        ids = set(appointment_ids)
        rows = [Invoice.id, Invoice.currency, DUE.label("due")]
        own = select(Invoice.appointment_id, *rows).where(Invoice.appointment_id.in_(ids), Invoice.status == ISSUED)
        of_lines = select(InvoiceLine.appointment_id, *rows).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        of_lines = of_lines.where(InvoiceLine.appointment_id.in_(ids), Invoice.status == ISSUED)
        due: dict[UUID, dict[str, int]] = {}
        for visit, _invoice, currency, minor in db.session.execute(union(own, of_lines)):
            sums = due.setdefault(visit, {})
            sums[currency] = sums.get(currency, 0) + minor
        return {visit: [Money(minor, one) for one, minor in sorted(sums.items())] for visit, sums in due.items()}

    def balance(self, invoices: Iterable[Invoice]) -> Money:
        """Return the amount due of some invoices in the clinic's currency."""
        currency = clinic_service.current().currency
        return Money(sum(one.due.minor for one in invoices if one.currency == currency), currency)

    def balances(self, patient_ids: Iterable[UUID]) -> Mapping[UUID, Money]:
        """Return the amounts due of those of some patients who have one, in the clinic's currency, in one query."""
        currency = clinic_service.current().currency
        due = select(Invoice.patient_id, func.sum(DUE)).where(
            Invoice.patient_id.in_(set(patient_ids)), Invoice.status == ISSUED, Invoice.currency == currency
        )
        found = db.session.execute(due.group_by(Invoice.patient_id))
        return {patient_id: Money(int(minor), currency) for patient_id, minor in found}


def as_id(given: UUID | str) -> UUID:
    """Return an id, maybe given as text."""
    return UUID(given) if isinstance(given, str) else given


def get_or_raise(model: type[Record], record_id: UUID | str, missing: type[NotFound], *options: ORMOption) -> Record:
    """Return a record of the current clinic, loaded with some options.

    :raises NotFound: the given one, if no record has that id
    """
    wanted = as_id(record_id)
    found = db.session.get(model, wanted, options=options) if options else find_row(model, wanted)
    if found is None:
        raise missing
    return found
