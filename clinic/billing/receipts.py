"""What the receipt of a payment says; other modules reach it through `service.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.billing.invoice_queries import as_id
from clinic.billing.models import Allocation, Invoice, Payment, Refund
from clinic.billing.payment_problems import PaymentNotFound
from clinic.billing.payment_queries import PaymentQueries
from clinic.core.audit import CREATED, AuditEntry
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.tenancy import current_clinic_id
from clinic.identity.actor_names import actor_names
from clinic.patients.service import Patient, patient_service


@dataclass(frozen=True)
class Receipt:
    """A payment with what it is used for and what was given back of it, as it stands now.

    `taken_by` is the name of who entered it, None if that is not on record.
    """

    payment: Payment
    patient: Patient
    uses: Sequence[tuple[Allocation, Invoice]]
    refunds: Sequence[Refund]
    taken_by: str | None

    @property
    def payer(self) -> Mapping[str, Any] | None:
        """Who pays its invoices, as printed on them.

        None if it is used for none, or they are paid by several or are another patient's.
        """
        payers = [dict(invoice.billed_payer or {}) for _, invoice in self.uses]
        own = all(invoice.patient_id == self.patient.id for _, invoice in self.uses)
        return payers[0] if own and payers and all(one == payers[0] for one in payers) else None


@dataclass(frozen=True)
class RefundReceipt:
    """A refund and its patient; `made_by` is the name of who entered it, None if that is not on record."""

    refund: Refund
    patient: Patient
    made_by: str | None


class RefundNotFound(NotFound):
    """The current clinic has no such refund."""

    def __init__(self) -> None:
        super().__init__("There is no such refund")


class Receipts(PaymentQueries):
    """The receipts of the payments and refunds of the current clinic."""

    def receipt(self, payment_id: UUID | str) -> Receipt:
        """Return the receipt of a payment.

        :raises PaymentNotFound: if no record has that id, or it is an opening balance: nothing was received
        """
        payment = self.get_payment(payment_id)
        if payment.is_opening:
            raise PaymentNotFound
        patient = patient_service.get(payment.patient_id)
        uses = payment.uses
        invoices = _invoices(use.invoice_id for use in uses)
        return Receipt(
            payment,
            patient,
            [(use, invoices[use.invoice_id]) for use in uses],
            self.refunds_of(payment.id) if payment.refunded_minor else (),
            _entered_by(payment, patient),
        )

    def receipt_of_refund(self, refund_id: UUID | str) -> RefundReceipt:
        """Return the receipt of a refund.

        :raises RefundNotFound: if no record has that id
        """
        refund = db.session.get(Refund, as_id(refund_id))
        if refund is None:
            raise RefundNotFound
        patient = patient_service.get(refund.payment.patient_id)
        return RefundReceipt(refund, patient, _entered_by(refund, patient))


def _invoices(invoice_ids: Any) -> Mapping[UUID, Invoice]:
    wanted = set(invoice_ids)
    found = db.session.scalars(select(Invoice).where(Invoice.id.in_(wanted))) if wanted else ()
    return {invoice.id: invoice for invoice in found}


def _entered_by(record: Payment | Refund, patient: Patient) -> str | None:
    wanted = select(AuditEntry.actor).where(
        AuditEntry.clinic_id == current_clinic_id(),
        AuditEntry.subject_id.in_(patient.record_ids),
        AuditEntry.record == record.__tablename__,
        AuditEntry.record_id == record.id,
        AuditEntry.action == CREATED,
    )
    actor = db.session.scalar(wanted)
    return actor_names([actor])[actor] if actor else None
