"""What a patient owed, or had as credit, before the clinic worked with the program; reached through `service.py`.

What was owed is stored as an invoice, and credit as a payment, each of the kind `opening`: so they are paid, used,
refunded and written off like any other, and the database caps them alike. No event tells of them, as nothing was issued
or taken; no number of the invoices is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select

from clinic.billing.allocations import lock_payment_and_invoices, lock_payments_of, release
from clinic.billing.drafts import load_whole, lock_invoice
from clinic.billing.invoice_queries import as_id
from clinic.billing.models import Invoice, InvoiceLine, Payment, WriteOff
from clinic.billing.particulars import copy_particulars, payer_particulars, seller_particulars
from clinic.billing.payers import chosen_payer, payer_choices, set_payer
from clinic.billing.reversals import take_back
from clinic.billing.rules import (
    CANCELLED,
    DRAFT,
    FUTURE_DAY,
    ISSUED,
    NO_REASON,
    NO_SIDE,
    NOT_ABOVE_ZERO,
    OPENING,
    OPENING_TEXT,
    wrong_currency,
)
from clinic.billing.settings import billing_settings_service
from clinic.core.clock import day_bounds, now, today, wall_day
from clinic.core.db import db
from clinic.core.db.sequences import next_number
from clinic.core.errors import Conflict, InvalidInput, NotFound
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service

OWED, CREDIT = "owed", "credit"
SIDES = (OWED, CREDIT)
"""What an opening balance is: the patient owed it, or had it as credit."""

_SERIES = "opening-balance"


class OpeningBalanceNotFound(NotFound):
    """The current clinic has no such opening balance."""

    def __init__(self) -> None:
        super().__init__("There is no such opening balance")


class OpeningBalanceExists(Conflict):
    """A patient has one opening balance, unless it was reversed."""

    code = "opening-balance-exists"

    def __init__(self) -> None:
        super().__init__("This patient has an opening balance already: reverse it first if it is wrong")


class OpeningBalanceReversed(Conflict):
    """An opening balance that was reversed can't be reversed again, nor one that is wholly written off."""

    code = "opening-balance-reversed"

    def __init__(self) -> None:
        super().__init__("This opening balance is reversed, or wholly written off: then undo the write-off first")


@dataclass(frozen=True)
class OpeningBalance:
    """An opening balance; `id` is that of its invoice or payment, `left` what is due of it or left as credit.

    Only what was owed has a number.
    """

    id: UUID
    patient_id: UUID
    side: str
    number: str | None
    as_of: date
    amount: Money
    left: Money
    reference: str | None
    reversed_at: datetime | None
    reversal_reason: str | None


class OpeningBalances:
    """The opening balances of the current clinic."""

    def opening_balances(self, patient_id: UUID | str) -> Sequence[OpeningBalance]:
        """Return the opening balances of a patient, the latest entered first, those that were reversed too.

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        """
        patient = patient_service.get(patient_id)
        of_patient = (Invoice.patient_id == patient.id, Invoice.kind == OPENING)
        reversal = select(Invoice, WriteOff).outerjoin(WriteOff, WriteOff.invoice_id == Invoice.id)
        owed: dict[UUID, OpeningBalance] = {}
        for invoice, write_off in db.session.execute(reversal.where(*of_patient).order_by(WriteOff.id)):
            owed[invoice.id] = _of_invoice(invoice, write_off)
        left = db.session.scalars(select(Payment).where(Payment.patient_id == patient.id, Payment.kind == OPENING))
        return sorted([*owed.values(), *map(_of_payment, left)], key=lambda one: one.id, reverse=True)

    def get_opening_balance(self, opening_id: UUID | str) -> OpeningBalance:
        """Return an opening balance by the id of its invoice or payment.

        :raises OpeningBalanceNotFound: if none has that id
        """
        found = _find(opening_id)
        if isinstance(found, Payment):
            return _of_payment(found)
        write_offs = select(WriteOff).where(WriteOff.invoice_id == found.id).order_by(WriteOff.id.desc()).limit(1)
        return _of_invoice(found, db.session.scalar(write_offs) if found.written_off_minor else None)

    def enter_opening_balance(
        self,
        patient_id: UUID | str,
        *,
        side: str,
        amount: Money,
        as_of: date | None = None,
        reference: str | None = None,
    ) -> OpeningBalance:
        """Enter what a patient owed, or had as credit, on a day, today unless given; what was owed is due at once.

        `reference` says where the figure is from.

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        :raises OpeningBalanceExists: if the patient has one that was not reversed
        :raises InvalidInput: if the side or the amount is invalid, or the day is in the future
        """
        clinic = clinic_service.current()
        present = today(clinic.zone)
        day = as_of or present
        _check(side, amount, day, present)
        with unit_of_work():
            patient = patient_service.lock(as_id(patient_id))
            if _has_one(patient.id):
                raise OpeningBalanceExists
            if side == OWED:
                entered: Invoice | Payment = _store_owed(patient, amount, day, reference)
            else:
                entered = _store_credit(patient, amount, day, reference)
            return _of_invoice(entered, None) if isinstance(entered, Invoice) else _of_payment(entered)

    def reverse_opening_balance(self, opening_id: UUID | str, *, reason: str) -> OpeningBalance:
        """Reverse an opening balance: it stays visible; what paid it is credit again, what it paid is owed again.

        :raises OpeningBalanceNotFound: if none has that id
        :raises OpeningBalanceReversed: if it was reversed or wholly written off
        :raises PaymentRefunded: if it was credit of which some has been refunded
        :raises PaymentUsedMeanwhile: if it was credit that was used for another invoice at the same time
        :raises InvalidInput: if there is no reason
        """
        if not reason:
            raise InvalidInput(NO_REASON, field="reason")
        with unit_of_work():
            found = _find(opening_id)
            if isinstance(found, Invoice):
                return _reverse_owed(found.id, reason)
            payment = lock_payment_and_invoices(found.id)
            if payment is None or payment.reversed_at is not None:
                raise OpeningBalanceReversed
            return _of_payment(take_back(payment, reason))


def _check(side: str, amount: Money, day: date, present: date) -> None:
    problems: dict[str, list[str]] = {}
    if side not in SIDES:
        problems["side"] = [NO_SIDE]
    currency = clinic_service.current().currency
    if amount.currency != currency:
        problems["amount"] = [wrong_currency(currency)]
    elif amount.minor <= 0:
        problems["amount"] = [NOT_ABOVE_ZERO]
    if day > present:
        problems["as_of"] = [FUTURE_DAY]
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], problems=problems)


def _has_one(patient_id: UUID) -> bool:
    """Return whether a locked patient has an opening balance that was not reversed.

    One that is wholly written off counts, as that can be undone.
    """
    owed = exists().where(
        Invoice.patient_id == patient_id, Invoice.kind == OPENING, Invoice.status.not_in((DRAFT, CANCELLED))
    )
    credit = exists().where(Payment.patient_id == patient_id, Payment.kind == OPENING, Payment.reversed_at.is_(None))
    return bool(db.session.scalar(select(owed | credit)))


def _store_owed(patient: Patient, amount: Money, day: date, reference: str | None) -> Invoice:
    """Store what was owed: an invoice of one line, which is issued without a number of the invoices."""
    invoice = Invoice(
        kind=OPENING, patient_id=patient.id, currency=amount.currency, total_minor=amount.minor, note=reference
    )
    set_payer(invoice, patient, None)
    price = {"unit_price_minor": amount.minor, "amount_minor": amount.minor}
    invoice.lines = [InvoiceLine(position=1, description=OPENING_TEXT, quantity_thousandths=1000, **price)]
    db.session.add(invoice)
    db.session.flush()
    seller = seller_particulars(billing_settings_service.current())
    payer = payer_particulars(invoice, chosen_payer(invoice, payer_choices(patient)))
    with db.session.no_autoflush:
        copy_particulars(invoice, patient, seller, payer)
        invoice.number = f"OB-{next_number(_SERIES):05d}"
        invoice.issued_on = invoice.due_on = day
        invoice.status = ISSUED
    load_whole(invoice)
    return invoice


def _store_credit(patient: Patient, amount: Money, day: date, reference: str | None) -> Payment:
    received_at = min(day_bounds(day, clinic_service.current().zone)[0], now())
    payment = Payment(
        kind=OPENING,
        patient_id=patient.id,
        amount_minor=amount.minor,
        allocated_minor=0,
        refunded_minor=0,
        currency=amount.currency,
        method="other",
        reference=reference,
        received_at=received_at,
        allocations=[],
    )
    db.session.add(payment)
    db.session.flush()
    return payment


def _find(opening_id: UUID | str) -> Invoice | Payment:
    try:
        wanted = as_id(opening_id)
    except ValueError:
        raise OpeningBalanceNotFound from None
    found = db.session.get(Invoice, wanted) or db.session.get(Payment, wanted)
    if found is None or not found.is_opening:
        raise OpeningBalanceNotFound
    return found


def _reverse_owed(invoice_id: UUID, reason: str) -> OpeningBalance:
    """Cancel what was owed by a write-off over all that is not written off yet; what paid it becomes credit."""
    invoice = lock_invoice(invoice_id)
    if invoice.written_off_minor == invoice.total_minor:
        raise OpeningBalanceReversed
    lock_payments_of(invoice)
    write_off = WriteOff(amount_minor=invoice.total_minor - invoice.written_off_minor, reason=reason)
    release(invoice.uses, invoice.paid_minor)
    write_off.invoice = invoice
    db.session.add(write_off)
    invoice.written_off_minor = invoice.total_minor
    invoice.status = CANCELLED
    db.session.flush()
    return _of_invoice(invoice, write_off)


def _of_invoice(invoice: Invoice, write_off: WriteOff | None) -> OpeningBalance:
    reversal = write_off if invoice.status == CANCELLED else None
    return OpeningBalance(
        id=invoice.id,
        patient_id=invoice.patient_id,
        side=OWED,
        number=invoice.number,
        as_of=invoice.issued_on or date.min,
        amount=invoice.total,
        left=invoice.due,
        reference=invoice.note,
        reversed_at=reversal.written_off_at if reversal else None,
        reversal_reason=reversal.reason if reversal else None,
    )


def _of_payment(payment: Payment) -> OpeningBalance:
    nothing = Money(0, payment.currency)
    return OpeningBalance(
        id=payment.id,
        patient_id=payment.patient_id,
        side=CREDIT,
        number=None,
        as_of=wall_day(payment.received_at, clinic_service.current().zone),
        amount=payment.amount,
        left=nothing if payment.reversed_at else payment.credit,
        reference=payment.reference,
        reversed_at=payment.reversed_at,
        reversal_reason=payment.reversal_reason,
    )
