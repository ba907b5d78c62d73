"""BillingService: the interface of invoices and payments for other modules, and the only code that writes them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from clinic.appointments.service import Appointment, AppointmentNotFound, appointment_service
from clinic.billing.models import Invoice, InvoiceLine, Payment
from clinic.billing.payments import (
    InvoiceAlreadyPaid,
    InvoiceNotIssued,
    PaymentTooLarge,
    replayed,
    take,
)
from clinic.billing.rules import BALANCED, DRAFT, ISSUED, OTHER_PATIENT, invoice_number
from clinic.billing.totals import LineFields, priced, total_minor
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.sequences import next_number
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from clinic.core.money import Money
from clinic.core.text import is_storable
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientNotFound, patient_service


class InvoiceNotFound(NotFound):
    """The current clinic has no such invoice."""

    def __init__(self) -> None:
        super().__init__("There is no such invoice")


class InvoiceNotDraft(Conflict):
    """Only a draft can be issued."""

    code = "invoice-not-draft"

    def __init__(self) -> None:
        super().__init__("This invoice has been issued already")


class BillingService:
    """The invoices and payments of the current clinic."""

    def create(self, *, patient_id: UUID, lines: Sequence[LineFields], appointment_id: UUID | None = None) -> Invoice:
        """Draft an invoice in the clinic's currency, maybe for one of the patient's appointments.

        :raises InvalidInput: if the patient or their appointment does not exist or a line is invalid
        """
        with unit_of_work():
            _check_patient(patient_id)
            if appointment_id is not None:
                _check_appointment(appointment_id, patient_id)
            currency = clinic_service.current().currency
            rows = priced(lines, currency)
            invoice = Invoice(
                patient_id=patient_id,
                appointment_id=appointment_id,
                currency=currency,
                total_minor=total_minor(rows),
                lines=rows,
            )
            db.session.add(invoice)
            db.session.flush()
            _load_whole(invoice)
        return invoice

    def issue(self, invoice_id: UUID | str, *, version: int | None = None) -> Invoice:
        """Give a draft its number and date; `version` is the one that was shown, None skips the check.

        An invoice with a total of zero is settled at once, without an event.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotDraft: if it has been issued
        :raises StaleVersion: if the invoice has another version
        """
        with unit_of_work():
            invoice = self._lock(invoice_id)
            if invoice.status != DRAFT:
                raise InvoiceNotDraft
            if version not in {None, invoice.version}:
                raise StaleVersion
            invoice.number, invoice.issued_on = _next_number_and_day()
            invoice.status = ISSUED if invoice.total_minor else BALANCED
            _load_whole(invoice)
        return invoice

    def record_payment(
        self,
        invoice_id: UUID | str,
        *,
        amount: Money,
        method: str,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Record a payment, and publish `invoice.paid` when it settles the invoice.

        A repeated idempotency key returns the payment that was recorded first, with `replayed` set.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises InvoiceAlreadyPaid: if nothing is due
        :raises PaymentTooLarge: if the amount is more than is due
        :raises IdempotencyKeyReused: if the key was used for another payment
        :raises InvalidInput: if the amount or the method is invalid
        """
        wanted = Payment(
            amount_minor=amount.minor,
            currency=amount.currency,
            method=method,
            reference=reference,
            idempotency_key=idempotency_key,
        )
        try:
            with unit_of_work():
                invoice = self._lock(invoice_id)
                wanted.invoice_id = invoice.id
                return replayed(wanted) or take(wanted, invoice)
        except IntegrityError:
            replayed(wanted)  # raises if a concurrent payment of another invoice has used the key
            raise

    def get(self, invoice_id: UUID | str) -> Invoice:
        """Return an invoice of the current clinic.

        :raises InvoiceNotFound: if no record has that id
        """
        invoice = db.session.get(Invoice, _as_id(invoice_id))
        if invoice is None:
            raise InvoiceNotFound
        return invoice

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

    def list(
        self,
        *,
        status: str | None = None,
        patient_id: UUID | None = None,
        appointment_id: UUID | None = None,
        limit: int = DEFAULT_LIMIT,
        after: tuple[UUID] | None = None,
    ) -> Page[Invoice]:
        """Return invoices with their lines and payments, the newest first."""
        wanted = select(Invoice).options(selectinload(Invoice.lines), selectinload(Invoice.payments))
        if status is not None:
            wanted = wanted.where(Invoice.status == status)
        if patient_id is not None:
            wanted = wanted.where(Invoice.patient_id == patient_id)
        if appointment_id is not None:
            wanted = wanted.where(Invoice.appointment_id == appointment_id)
        return paginate(wanted, [Invoice.id], limit=limit, after=after, descending=True)

    def payments_of(
        self, invoice_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[Payment]:
        """Return the payments of an invoice, the newest first.

        :raises InvoiceNotFound: if no record has that id
        """
        wanted = select(Payment).where(Payment.invoice_id == self.get(invoice_id).id)
        return paginate(wanted, [Payment.id], limit=limit, after=after, descending=True)

    def open_of(self, patient_id: UUID) -> Sequence[Invoice]:
        """Return the unpaid invoices of a patient, the oldest first."""
        wanted = select(Invoice).where(Invoice.patient_id == patient_id, Invoice.status == ISSUED)
        return db.session.scalars(wanted.order_by(Invoice.number)).all()

    def of_visit(self, appointment: Appointment) -> Sequence[Invoice]:
        """Return the invoices of an appointment and the unpaid ones of its patient, the oldest first, in one query."""
        unpaid = and_(Invoice.patient_id == appointment.patient_id, Invoice.status == ISSUED)
        wanted = select(Invoice).where(or_(Invoice.appointment_id == appointment.id, unpaid))
        return db.session.scalars(wanted.order_by(Invoice.id)).all()

    def balance_of(self, patient_id: UUID) -> Money:
        """Return the amount due of a patient in the clinic's currency."""
        currency = clinic_service.current().currency
        due = select(func.coalesce(func.sum(Invoice.total_minor - Invoice.paid_minor), 0)).where(
            Invoice.patient_id == patient_id, Invoice.status == ISSUED, Invoice.currency == currency
        )
        return Money(int(db.session.scalars(due).one()), currency)

    def _lock(self, invoice_id: UUID | str) -> Invoice:
        invoice = get_for_update(Invoice, _as_id(invoice_id))
        if invoice is None:
            raise InvoiceNotFound
        return invoice


billing_service = BillingService()


def _as_id(given: UUID | str) -> UUID:
    return UUID(given) if isinstance(given, str) else given


def _load_whole(invoice: Invoice) -> None:
    """Load lines and payments before the commit, as a response must not read after it."""
    db.session.flush()
    db.session.refresh(invoice, ["lines", "payments"])


def _check_patient(patient_id: UUID) -> None:
    try:
        patient_service.get(patient_id)
    except PatientNotFound as error:
        raise InvalidInput(error.message, field="patient_id") from error


def _check_appointment(appointment_id: UUID, patient_id: UUID) -> None:
    try:
        appointment = appointment_service.get(appointment_id)
    except AppointmentNotFound as error:
        raise InvalidInput(error.message, field="appointment_id") from error
    if appointment.patient_id != patient_id:
        raise InvalidInput(OTHER_PATIENT, field="appointment_id")


def _next_number_and_day() -> tuple[str, date]:
    """Return the number and date of the next invoice; the date is never before that of the previous number.

    Taking the number locks the sequence, so the latest date of the year is read after it.
    """
    day = max(today(clinic_service.current().zone), _latest_day(date.max))
    number = invoice_number(day.year, next_number(f"invoice:{day.year}"))
    return number, max(day, _latest_day(date(day.year, 12, 31)))


def _latest_day(until: date) -> date:
    """Return the latest date of issue up to `until`."""
    return db.session.scalar(select(func.max(Invoice.issued_on)).where(Invoice.issued_on <= until)) or date.min


__all__ = [
    "BillingService",
    "Invoice",
    "InvoiceAlreadyPaid",
    "InvoiceLine",
    "InvoiceNotDraft",
    "InvoiceNotFound",
    "InvoiceNotIssued",
    "LineFields",
    "Payment",
    "PaymentTooLarge",
    "billing_service",
]
