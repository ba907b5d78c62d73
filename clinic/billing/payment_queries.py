"""Queries for payments, refunds, credit notes and write-offs; other modules reach them through `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import aliased, selectinload

from clinic.billing.allocations import HAS_CREDIT
from clinic.billing.invoice_queries import DUE, get_or_raise
from clinic.billing.models import CreditNote, CreditNoteLine, Invoice, Payment, Refund, WriteOff
from clinic.billing.payment_problems import PaymentNotFound
from clinic.billing.rules import CANCELLED, ISSUED, OPENING
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.errors import NotFound
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service

_LATER = aliased(WriteOff)
REVERSES_OPENING = and_(
    Invoice.kind == OPENING,
    Invoice.status == CANCELLED,
    ~exists().where(_LATER.invoice_id == WriteOff.invoice_id, _LATER.id > WriteOff.id),
)
"""Whether a write-off is the reversal of an opening balance: the last one, which cancels it."""


class CreditNoteNotFound(NotFound):
    """The current clinic has no such credit note."""

    def __init__(self) -> None:
        super().__init__("There is no such credit note")


class WriteOffNotFound(NotFound):
    """The current clinic has no such write-off."""

    def __init__(self) -> None:
        super().__init__("There is no such write-off")


class PaymentQueries:
    """The payments and corrections of the current clinic, to read."""

    def get_payment(self, payment_id: UUID | str) -> Payment:
        """Return a payment.

        :raises PaymentNotFound: if no record has that id
        """
        return get_or_raise(Payment, payment_id, PaymentNotFound)

    def payments(
        self,
        *,
        patient_id: UUID | None = None,
        with_credit: bool = False,
        limit: int = DEFAULT_LIMIT,
        after: tuple[UUID] | None = None,
    ) -> Page[Payment]:
        """Return payments with their uses, the newest first: maybe those of a patient, or with credit left."""
        wanted = select(Payment).options(selectinload(Payment.allocations))
        if patient_id is not None:
            wanted = wanted.where(Payment.patient_id == patient_id)
        if with_credit:
            wanted = wanted.where(HAS_CREDIT)
        return paginate(wanted, [Payment.id], limit=limit, after=after, descending=True)

    def credit(self, patient_id: UUID) -> Money:
        """Return the credit of a patient in the clinic's currency."""
        currency = clinic_service.current().currency
        return Money(int(db.session.scalars(_select_credit(patient_id, currency)).one()), currency)

    def account_of(self, patient_id: UUID) -> tuple[Money, Money]:
        """Return what is due of a patient, and their credit, in the clinic's currency, in one query."""
        currency = clinic_service.current().currency
        credit = _select_credit(patient_id, currency).scalar_subquery()
        wanted = select(func.coalesce(func.sum(DUE), 0), credit).where(
            Invoice.patient_id == patient_id, Invoice.status == ISSUED, Invoice.currency == currency
        )
        due_minor, credit_minor = db.session.execute(wanted).one()
        return Money(int(due_minor), currency), Money(int(credit_minor), currency)

    def refunds_of(self, payment_id: UUID) -> Sequence[Refund]:
        """Return the refunds of a payment, the first one first.

        :raises PaymentNotFound: if no record has that id
        """
        wanted = select(Refund).where(Refund.payment_id == self.get_payment(payment_id).id)
        return db.session.scalars(wanted.order_by(Refund.id)).all()

    def get_credit_note(self, credit_note_id: UUID | str) -> CreditNote:
        """Return a credit note.

        :raises CreditNoteNotFound: if no record has that id
        """
        return get_or_raise(CreditNote, credit_note_id, CreditNoteNotFound)

    def credit_notes_of(self, invoice_id: UUID, *, with_lines: bool = True) -> Sequence[CreditNote]:
        """Return the credit notes of an invoice, maybe with their lines, the first one first."""
        wanted = select(CreditNote).where(CreditNote.invoice_id == invoice_id).order_by(CreditNote.id)
        if with_lines:
            wanted = wanted.options(selectinload(CreditNote.lines).joinedload(CreditNoteLine.line))
        return db.session.scalars(wanted).all()

    def write_offs_of(self, invoice_id: UUID) -> Sequence[WriteOff]:
        """Return what was written off of an invoice, and what undoes that, the first one first."""
        wanted = select(WriteOff).where(WriteOff.invoice_id == invoice_id)
        return db.session.scalars(wanted.order_by(WriteOff.id)).all()

    def get_write_off(self, write_off_id: UUID | str) -> WriteOff:
        """Return a write-off, or what undoes one.

        :raises WriteOffNotFound: if no record has that id
        """
        return get_or_raise(WriteOff, write_off_id, WriteOffNotFound)

    def credit_note_numbers(self, credit_note_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the numbers of the credit notes of these ids, in one query."""
        wanted = select(CreditNote.id, CreditNote.number).where(CreditNote.id.in_(set(credit_note_ids)))
        return dict(db.session.execute(wanted).all())


def _select_credit(patient_id: UUID, currency: str) -> Select[int]:
    """Select what is left of the payments of a patient."""
    left = func.sum(Payment.amount_minor - Payment.allocated_minor - Payment.refunded_minor)
    of_patient = (Payment.patient_id == patient_id, Payment.currency == currency, HAS_CREDIT)
    return select(func.coalesce(left, 0)).where(*of_patient)
