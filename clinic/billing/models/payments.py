"""Payments, which part of a payment pays which invoice, and refunds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.billing.models.invoices import Invoice
from clinic.billing.rules import LONGEST_NOTE, LONGEST_REASON, LONGEST_REFERENCE, MONEY, OPENING
from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime
from clinic.core.money import Money


class Payment(ClinicScoped, Base):
    """Money that was taken; what is neither used for an invoice nor refunded is credit of the patient.

    `invoice_id` is the invoice for which it was entered, None if it was entered for a patient. One that was reversed
    was never taken. One of the kind `opening` is credit that the patient had before. The database itself caps what is
    used and refunded.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "idempotency_key", name="uq_payments_idempotency_key"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("method IN ('card', 'cash', 'transfer', 'other')", name="method"),
        CheckConstraint(
            "kind IN ('payment', 'opening') AND (kind = 'payment' OR (method = 'other' AND invoice_id IS NULL))",
            name="kind",
        ),
        CheckConstraint(
            "tendered_minor IS NULL OR (method = 'cash' AND tendered_minor >= amount_minor)", name="tendered"
        ),
        CheckConstraint(
            "allocated_minor >= 0 AND refunded_minor >= 0 AND allocated_minor + refunded_minor <= amount_minor",
            name="allocated",
        ),
        CheckConstraint(
            "(reversed_at IS NULL) = (reversal_reason IS NULL)"
            " AND (reversed_at IS NULL OR (allocated_minor = 0 AND refunded_minor = 0))",
            name="reversed",
        ),
        Index("ix_payments_invoice", "clinic_id", "invoice_id", "id"),
        Index("ix_payments_patient", "clinic_id", "patient_id", "id"),
    )

    kind: Mapped[str] = mapped_column(String(10), default=MONEY)
    patient_id: Mapped[UUID] = mapped_column(Uuid)
    invoice_id: Mapped[UUID | None] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    allocated_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tendered_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str | None] = mapped_column(String(LONGEST_REFERENCE))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    reversed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reversal_reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    idempotency_key: Mapped[str | None] = mapped_column(String(255), info={"audited": False})

    allocations: Mapped[list["Allocation"]] = relationship(
        back_populates="payment",
        primaryjoin="Payment.id == foreign(Allocation.payment_id)",
        order_by="Allocation.id",
    )

    replayed = False
    """Whether an idempotency key was repeated; not stored."""

    @property
    def is_opening(self) -> bool:
        """Whether it is credit from before, and was never taken."""
        return self.kind == OPENING

    @property
    def amount(self) -> Money:
        """The amount of the payment."""
        return Money(self.amount_minor, self.currency)

    @property
    def allocated(self) -> Money:
        """What is used for invoices."""
        return Money(self.allocated_minor, self.currency)

    @property
    def credit(self) -> Money:
        """What is neither used nor refunded."""
        return self.refundable - self.allocated

    @property
    def refunded(self) -> Money:
        """The sum of its refunds."""
        return Money(self.refunded_minor, self.currency)

    @property
    def refundable(self) -> Money:
        """What is not refunded; nothing if it was reversed."""
        return Money(0, self.currency) if self.reversed_at else self.amount - self.refunded

    @property
    def tendered(self) -> Money | None:
        """The cash that was given, None if it was exact or not cash."""
        return None if self.tendered_minor is None else Money(self.tendered_minor, self.currency)

    @property
    def change(self) -> Money | None:
        """What was given back of the cash, None if nothing was tendered."""
        return None if self.tendered is None else self.tendered - self.amount

    @property
    def uses(self) -> list["Allocation"]:
        """What pays invoices at present, in the order in which it was used."""
        return [one for one in self.allocations if one.used.minor]


class Allocation(ClinicScoped, Base):
    """A part of a payment that pays an invoice; `released_minor` of it does so no longer."""

    __tablename__ = "allocations"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "payment_id"], ["payments.clinic_id", "payments.id"]),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("released_minor >= 0 AND released_minor <= amount_minor", name="released"),
        Index("ix_allocations_payment", "clinic_id", "payment_id", "id"),
        Index("ix_allocations_invoice", "clinic_id", "invoice_id", "id"),
    )

    payment_id: Mapped[UUID] = mapped_column(Uuid)
    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    released_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    allocated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    payment: Mapped[Payment] = relationship(
        back_populates="allocations", primaryjoin="Payment.id == foreign(Allocation.payment_id)", lazy="joined"
    )
    invoice: Mapped[Invoice] = relationship(
        back_populates="allocations", primaryjoin="Invoice.id == foreign(Allocation.invoice_id)"
    )

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.invoice.patient_id

    @property
    def used(self) -> Money:
        """What pays the invoice at present."""
        return Money(self.amount_minor - self.released_minor, self.payment.currency)

    @property
    def released(self) -> Money:
        """What no longer pays the invoice."""
        return Money(self.released_minor, self.payment.currency)


class Refund(ClinicScoped, Base):
    """Money that was given back of a payment."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "payment_id"], ["payments.clinic_id", "payments.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("method IN ('card', 'cash', 'transfer', 'other')", name="method"),
        Index("ix_refunds_payment", "clinic_id", "payment_id", "id"),
    )

    payment_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(LONGEST_NOTE))
    refunded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    payment: Mapped[Payment] = relationship(primaryjoin="Payment.id == foreign(Refund.payment_id)")

    @property
    def patient_id(self) -> UUID:
        """The patient of the payment."""
        return self.payment.patient_id

    @property
    def amount(self) -> Money:
        """The amount of the refund."""
        return Money(self.amount_minor, self.payment.currency)
