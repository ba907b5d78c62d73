"""Invoices with their lines, and the payments that settle them."""

from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.billing.rules import DRAFT, LONGEST_DESCRIPTION, LONGEST_REFERENCE, standing_of
from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime
from clinic.core.money import Money


class Invoice(ClinicScoped, VersionMixin, Base):
    """An invoice of a patient, numbered and immutable once issued.

    The database itself caps what is paid, and ties number and date to the status.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "number", name="uq_invoices_number"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        CheckConstraint("status IN ('draft', 'issued', 'balanced')", name="status"),
        CheckConstraint("paid_minor >= 0 AND paid_minor <= total_minor", name="paid"),
        CheckConstraint(
            "(status = 'draft' AND number IS NULL AND issued_on IS NULL)"
            " OR (status <> 'draft' AND number IS NOT NULL AND issued_on IS NOT NULL)",
            name="issued",
        ),
        CheckConstraint(
            "(status = 'draft' AND paid_minor = 0)"
            " OR (status = 'issued' AND paid_minor < total_minor)"
            " OR (status = 'balanced' AND paid_minor = total_minor)",
            name="settled",
        ),
        Index("ix_invoices_patient", "clinic_id", "patient_id", "id"),
        Index("ix_invoices_appointment", "clinic_id", "appointment_id"),
        Index("ix_invoices_status", "clinic_id", "status", "id"),
        Index("ix_invoices_issued_on", "clinic_id", "issued_on"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    appointment_id: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(10), default=DRAFT)
    number: Mapped[str | None] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    issued_on: Mapped[date | None] = mapped_column(Date)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)

    lines: Mapped[list["InvoiceLine"]] = relationship(
        back_populates="invoice",
        primaryjoin="Invoice.id == foreign(InvoiceLine.invoice_id)",
        order_by="InvoiceLine.position",
    )
    payments: Mapped[list["Payment"]] = relationship(
        primaryjoin="Invoice.id == foreign(Payment.invoice_id)", order_by="Payment.id", viewonly=True
    )

    @property
    def total(self) -> Money:
        """The sum of the lines."""
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        """The sum of the payments."""
        return Money(self.paid_minor, self.currency)

    @property
    def due(self) -> Money:
        """The amount that is still due."""
        return self.total - self.paid

    @property
    def standing(self) -> str:
        """The standing of the invoice: draft, open, part paid or paid."""
        return standing_of(self.status, self.paid_minor)


class InvoiceLine(ClinicScoped, Base):
    """A line of an invoice: description, quantity and unit price."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "invoice_id", "position", name="uq_invoice_lines_position"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        CheckConstraint("quantity_thousandths > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0 AND amount_minor >= 0", name="amount"),
    )

    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(String(LONGEST_DESCRIPTION))
    quantity_thousandths: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)

    invoice: Mapped[Invoice] = relationship(
        back_populates="lines", primaryjoin="Invoice.id == foreign(InvoiceLine.invoice_id)"
    )

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.invoice.patient_id

    @property
    def quantity(self) -> Fraction:
        """The quantity."""
        return Fraction(self.quantity_thousandths, 1000)

    @property
    def unit_price(self) -> Money:
        """The price of one unit."""
        return Money(self.unit_price_minor, self.invoice.currency)

    @property
    def amount(self) -> Money:
        """The price of the quantity."""
        return Money(self.amount_minor, self.invoice.currency)


class Payment(ClinicScoped, Base):
    """Money taken for an invoice."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "idempotency_key", name="uq_payments_idempotency_key"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("method IN ('card', 'cash', 'transfer', 'other')", name="method"),
        Index("ix_payments_invoice", "clinic_id", "invoice_id", "id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str | None] = mapped_column(String(LONGEST_REFERENCE))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    idempotency_key: Mapped[str | None] = mapped_column(String(255), info={"audited": False})

    invoice: Mapped[Invoice] = relationship(
        primaryjoin="Invoice.id == foreign(Payment.invoice_id)",
        viewonly=True,
        load_on_pending=True,  # the audit trail asks for the patient while a payment is being written
    )

    replayed = False
    """Whether an idempotency key was repeated; not stored."""

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.invoice.patient_id

    @property
    def amount(self) -> Money:
        """The amount of the payment."""
        return Money(self.amount_minor, self.currency)
