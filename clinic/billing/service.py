"""Invoices and payments: the one door to them, and their only writer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from clinic.billing.models import Invoice, InvoiceLine, Payment
from clinic.billing.payments import (
    IdempotencyKeyReused,
    InvoiceAlreadyPaid,
    InvoiceNotIssued,
    PaymentTooLarge,
    replayed,
    take,
)
from clinic.billing.rules import BALANCED, DRAFT, ISSUED, invoice_number
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
    """The clinic in force has no such invoice."""

    def __init__(self) -> None:
        super().__init__("There is no such invoice")


class InvoiceNotDraft(Conflict):
    """Only a draft is issued."""

    code = "invoice-not-draft"

    def __init__(self) -> None:
        super().__init__("This invoice has been issued already")


class BillingService:
    """What the patients of the clinic in force are to pay, and have paid."""

    def create(self, *, patient_id: UUID, lines: Sequence[LineFields]) -> Invoice:
        """Draft an invoice in the clinic's currency.

        :raises Invalid: if the patient doesn't exist, or a line is impossible
        """
        with unit_of_work():
            _check_patient(patient_id)
            currency = clinic_service.current().currency
            rows = priced(lines, currency)
            invoice = Invoice(patient_id=patient_id, currency=currency, total_minor=total_minor(rows), lines=rows)
            db.session.add(invoice)
            db.session.flush()
        return invoice

    def issue(self, invoice_id: UUID | str, *, version: int | None = None) -> Invoice:
        """Give a draft its number and date, if nobody changed it since `version` (None: whatever it is now).

        A total of nothing is settled at once, without an event: nobody has paid.

        :raises InvoiceNotFound: if there is none of that id
        :raises InvoiceNotDraft: if it was issued before
        :raises Stale: if the invoice has another version by now
        """
        with unit_of_work():
            invoice = self._lock(invoice_id)
            if invoice.status != DRAFT:
                raise InvoiceNotDraft
            if version not in {None, invoice.version}:
                raise StaleVersion
            invoice.number, invoice.issued_on = _next_number_and_day()
            invoice.status = ISSUED if invoice.total_minor else BALANCED
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
        """Take a payment, and tell the other modules when it settles the invoice.

        The same key again, for the same payment, returns the first one, `replayed`, and changes nothing.

        :raises InvoiceNotFound: if there is none of that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises InvoiceAlreadyPaid: if nothing is left to pay
        :raises PaymentTooLarge: if less than that is left to pay
        :raises IdempotencyKeyReused: if the key was used for something else
        :raises Invalid: if the amount or the method is impossible
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
            replayed(wanted)  # raises, if between our look and our insert another invoice's payment took the key
            raise

    def get(self, invoice_id: UUID | str) -> Invoice:
        """Return an invoice of the clinic in force.

        :raises InvoiceNotFound: if there is none of that id
        """
        invoice = db.session.get(Invoice, _as_id(invoice_id))
        if invoice is None:
            raise InvoiceNotFound
        return invoice

    def numbers(self, invoice_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return what the invoices of these ids are called, in one query."""
        found = db.session.execute(select(Invoice.id, Invoice.number).where(Invoice.id.in_(set(invoice_ids))))
        return {invoice_id: number or "Draft" for invoice_id, number in found}

    def identify(self, number: str) -> Invoice:
        """Return the invoice that a number or an id names.

        :raises InvoiceNotFound: if it names none
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
        limit: int = DEFAULT_LIMIT,
        after: tuple[UUID] | None = None,
    ) -> Page[Invoice]:
        """Return invoices with their lines and payments, the latest made first."""
        wanted = select(Invoice).options(selectinload(Invoice.lines), selectinload(Invoice.payments))
        if status is not None:
            wanted = wanted.where(Invoice.status == status)
        if patient_id is not None:
            wanted = wanted.where(Invoice.patient_id == patient_id)
        return paginate(wanted, [Invoice.id], limit=limit, after=after, descending=True)

    def payments_of(
        self, invoice_id: UUID, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[Payment]:
        """Return the payments of an invoice, the latest first.

        :raises InvoiceNotFound: if there is none of that id
        """
        wanted = select(Payment).where(Payment.invoice_id == self.get(invoice_id).id)
        return paginate(wanted, [Payment.id], limit=limit, after=after, descending=True)

    def open_of(self, patient_id: UUID) -> Sequence[Invoice]:
        """Return what a patient has still to pay, the oldest invoice first."""
        wanted = select(Invoice).where(Invoice.patient_id == patient_id, Invoice.status == ISSUED)
        return db.session.scalars(wanted.order_by(Invoice.number)).all()

    def balance_of(self, patient_id: UUID) -> Money:
        """Return how much a patient has still to pay in the clinic's currency."""
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


def _check_patient(patient_id: UUID) -> None:
    try:
        patient_service.get(patient_id)
    except PatientNotFound as error:
        raise InvalidInput(error.message, field="patient_id") from error


def _next_number_and_day() -> tuple[str, date]:
    """Return the next invoice's number and day, which never lies before that of the number before.

    Taking the number makes everybody else wait: only then it is certain which day came last in its year.
    """
    day = max(today(clinic_service.current().zone), _latest_day(date.max))
    number = invoice_number(day.year, next_number(f"invoice:{day.year}"))
    return number, max(day, _latest_day(date(day.year, 12, 31)))


def _latest_day(until: date) -> date:
    """Return the latest day up to `until` on which an invoice was issued."""
    return db.session.scalar(select(func.max(Invoice.issued_on)).where(Invoice.issued_on <= until)) or date.min


__all__ = [
    "BillingService",
    "IdempotencyKeyReused",
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
