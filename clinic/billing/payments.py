"""Payments of one or several invoices, deposits, the use of credit; other modules reach them through `service.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from clinic.billing.allocations import allocate, lock_credit, lock_invoices, lock_open_invoices, spread
from clinic.billing.drafts import lock_invoice
from clinic.billing.models import Invoice, Payment
from clinic.billing.payment_problems import (
    CreditTooSmall,
    PaymentTooLarge,
    check_open,
    check_parts,
    check_payment,
)
from clinic.billing.rules import NO_CREDIT_THERE, NOT_ABOVE_ZERO, wrong_currency
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.idempotency import IdempotencyKeyReused
from clinic.core.ids import new_id
from clinic.core.money import Money
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import PatientMerged, PatientNotFound, patient_service

PAYMENT_RECORDED = declare_event(
    "payment.recorded",
    "payment_id",
    "patient_id",
    "amount",
    published_by="BillingService.record_payment",
    when="a payment was taken, for one or several invoices or as credit; the amount is that of the payment",
)


@dataclass(frozen=True)
class PaymentPart:
    """What of a payment is used for an invoice."""

    invoice_id: UUID
    amount: Money


class Payments:
    """The payments of the current clinic."""

    def record_payment(
        self,
        invoice_id: UUID | str,
        *,
        amount: Money,
        method: str,
        reference: str | None = None,
        tendered: Money | None = None,
        keep_credit: bool = False,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Record a payment for an invoice, and publish `invoice.paid` when it settles the invoice.

        `tendered` is the cash that was given. What is more than due is kept as credit of the patient only if
        `keep_credit` says so. A repeated idempotency key returns the payment that was recorded first, with `replayed`
        set.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises InvoiceAlreadyPaid: if nothing is due
        :raises PaymentTooLarge: if the amount is more than is due, unless the rest is kept
        :raises IdempotencyKeyReused: if the key was used for another payment
        :raises InvalidInput: if the amount, the method or the cash given is invalid
        """
        wanted = _payment(amount, method, reference, tendered, idempotency_key)
        try:
            with unit_of_work():
                invoice = lock_invoice(invoice_id)
                wanted.invoice_id, wanted.patient_id = invoice.id, invoice.patient_id
                return replayed(wanted) or _take_for_one(wanted, tendered, invoice, keep_credit=keep_credit)
        except IntegrityError:
            replayed(wanted)  # raises if a concurrent payment of another invoice has used the key
            raise

    def take_payment(
        self,
        patient_id: UUID,
        *,
        amount: Money,
        method: str,
        reference: str | None = None,
        tendered: Money | None = None,
        allocations: Sequence[PaymentPart] | None = None,
        keep_credit: bool = False,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Record a payment of a patient for several invoices, which may be of other patients too.

        Without `allocations` it pays the patient's open invoices, the oldest first; with empty ones it is a deposit.
        What is used for no invoice is kept as credit of the patient only if `keep_credit` says so. A repeated
        idempotency key returns the payment that was recorded first, with `replayed` set.

        :raises PaymentTooLarge: if the amount is more than is used, unless the rest is kept
        :raises IdempotencyKeyReused: if the key was used for another payment
        :raises InvalidInput: if there is no such patient, or the amount, the method, the cash given or a part of it is
            invalid, or an invoice can't be paid
        """
        wanted = _payment(amount, method, reference, tendered, idempotency_key)
        wanted.patient_id = patient_id
        try:
            with unit_of_work():
                _lock_patient(patient_id)
                return replayed(wanted) or _take_for_several(wanted, tendered, allocations, keep_credit=keep_credit)
        except IntegrityError:
            replayed(wanted)  # raises if a concurrent payment of another patient has used the key
            raise

    def use_credit(
        self, invoice_id: UUID | str, *, amount: Money | None = None, payment_id: UUID | None = None
    ) -> Invoice:
        """Pay an invoice with credit of its patient: as much as there is and is due, unless an amount is given.

        The oldest credit is used first, unless the payment that it is left of is given.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises InvoiceAlreadyPaid: if nothing is due
        :raises CreditTooSmall: if there is less credit than the amount, or none
        :raises PaymentTooLarge: if the amount is more than is due
        :raises InvalidInput: if the amount is invalid, or the payment has no credit of the patient
        """
        with unit_of_work():
            invoice = lock_invoice(invoice_id)
            _check_amount(amount, invoice)
            check_open(invoice)
            payments = lock_credit(invoice.patient_id, invoice.currency)
            if payment_id is not None:
                payments = [one for one in payments if one.id == payment_id]
                if not payments:
                    raise InvalidInput(NO_CREDIT_THERE, field="payment_id")
            credit = Money(sum(one.credit.minor for one in payments), invoice.currency)
            wanted = amount or Money(min(credit.minor, invoice.due.minor), invoice.currency)
            if wanted.minor > invoice.due.minor:
                raise PaymentTooLarge(invoice.due, wanted - invoice.due)
            if not credit.minor or wanted.minor > credit.minor:
                raise CreditTooSmall(credit)
            parts = spread(wanted.minor, [one.credit.minor for one in payments])
            allocate((one, invoice, part) for one, part in zip(payments, parts, strict=True) if part)
            db.session.refresh(invoice, ["lines", "allocations"])
        return invoice


def replayed(wanted: Payment) -> Payment | None:
    """Return the payment that was recorded under the same idempotency key, if there is one.

    It is the last guard: of an older key, or one that another actor has used, there is no stored answer.

    :raises IdempotencyKeyReused: if it was for another invoice or patient, or had another amount, method or reference
    """
    if wanted.idempotency_key is None:
        return None
    found = db.session.scalar(select(Payment).where(Payment.idempotency_key == wanted.idempotency_key))
    if found is None:
        return None
    if _identity_of(found) != _identity_of(wanted):
        raise IdempotencyKeyReused
    db.session.refresh(found, ["allocations"])
    found.replayed = True
    return found


def _payment(
    amount: Money, method: str, reference: str | None, tendered: Money | None, idempotency_key: str | None
) -> Payment:
    return Payment(
        amount_minor=amount.minor,
        allocated_minor=0,
        refunded_minor=0,
        tendered_minor=None if tendered is None else tendered.minor,
        currency=amount.currency,
        method=method,
        reference=reference,
        idempotency_key=idempotency_key,
        allocations=[],
    )


def _identity_of(payment: Payment) -> tuple[object, ...]:
    """Return the values that a repeated payment has in common with the first."""
    of_whom = payment.invoice_id or payment.patient_id
    return of_whom, payment.amount, payment.method, payment.reference, payment.tendered


def _take_for_one(payment: Payment, tendered: Money | None, invoice: Invoice, *, keep_credit: bool) -> Payment:
    check_payment(payment, tendered, invoice.currency)
    check_open(invoice)
    minor = min(payment.amount_minor, invoice.due.minor)
    return _store(payment, [(invoice, minor)], invoice.due, keep_credit=keep_credit)


def _take_for_several(
    payment: Payment, tendered: Money | None, allocations: Sequence[PaymentPart] | None, *, keep_credit: bool
) -> Payment:
    check_payment(payment, tendered, clinic_service.current().currency)
    uses = _oldest_first(payment) if allocations is None else _told(payment, allocations)
    due, is_told = _sum_of_dues(uses, payment.currency), allocations is not None
    return _store(payment, uses, due, keep_credit=keep_credit, is_told=is_told)


def _store(
    payment: Payment, uses: Sequence[tuple[Invoice, int]], due: Money, *, keep_credit: bool, is_told: bool = False
) -> Payment:
    """Store a payment with its uses; `due` is what could have been paid with it, or `is_told` what each gets."""
    surplus = payment.amount_minor - sum(minor for _, minor in uses)
    if surplus and not keep_credit:
        raise PaymentTooLarge(due, Money(surplus, payment.currency), is_told=is_told)
    payment.id = new_id()
    db.session.add(payment)
    data = {"payment_id": str(payment.id), "patient_id": str(payment.patient_id), "amount": payment.amount.amount}
    set_event_subject(payment.patient_id, 1)
    event_bus.publish(PAYMENT_RECORDED.name, data)
    with db.session.no_autoflush:
        allocate((payment, invoice, minor) for invoice, minor in uses if minor)
    return payment


def _oldest_first(payment: Payment) -> list[tuple[Invoice, int]]:
    invoices = [one for one in lock_open_invoices(payment.patient_id) if one.currency == payment.currency]
    return list(zip(invoices, spread(payment.amount_minor, [one.due.minor for one in invoices]), strict=True))


def _told(payment: Payment, parts: Sequence[PaymentPart]) -> list[tuple[Invoice, int]]:
    invoices: Mapping[UUID, Invoice] = lock_invoices(part.invoice_id for part in parts)
    check_parts(payment, [(invoices.get(part.invoice_id), part.amount) for part in parts])
    return [(invoices[part.invoice_id], part.amount.minor) for part in parts]


def _sum_of_dues(uses: Sequence[tuple[Invoice, int]], currency: str) -> Money:
    return Money(sum(invoice.due.minor for invoice, _ in uses), currency)


def _check_amount(amount: Money | None, invoice: Invoice) -> None:
    if amount is not None and amount.currency != invoice.currency:
        raise InvalidInput(wrong_currency(invoice.currency), field="amount")
    if amount is not None and amount.minor <= 0:
        raise InvalidInput(NOT_ABOVE_ZERO, field="amount")


def _lock_patient(patient_id: UUID) -> None:
    try:
        patient_service.lock(patient_id)
    except (PatientNotFound, PatientMerged) as error:
        raise InvalidInput(error.message, field="patient_id") from error
