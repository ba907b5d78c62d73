"""Credit notes with their lines, and write-offs."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
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

from clinic.billing.models.invoices import Invoice, InvoiceLine
from clinic.billing.models.particulars import CopiedParticulars
from clinic.billing.rules import LONGEST_NOTE, LONGEST_REASON
from clinic.billing.totals import TaxGroup
from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime
from clinic.core.money import Money


class CreditNote(CopiedParticulars, ClinicScoped, Base):
    """A document that lowers what is owed for an invoice: numbered, with particulars like it, and never changed.

    The database itself refuses changes. `taxes` is what its lines come to by category and rate, in thousandths of a
    percent and in minor units.
    """

    __tablename__ = "credit_notes"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "number", name="uq_credit_notes_number"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        CheckConstraint("total_minor > 0", name="total"),
        Index("ix_credit_notes_invoice", "clinic_id", "invoice_id", "id"),
        Index("ix_credit_notes_issued_on", "clinic_id", "issued_on"),
    )

    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[str] = mapped_column(String(20))
    issued_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(LONGEST_NOTE))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    taxes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, info={"audited": False})
    billed_to: Mapped[dict[str, str | None]] = mapped_column(JSON, info={"audited": False})
    particulars: Mapped[dict[str, Any]] = mapped_column(JSON, info={"audited": False})
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    invoice: Mapped[Invoice] = relationship(primaryjoin="Invoice.id == foreign(CreditNote.invoice_id)", lazy="joined")
    lines: Mapped[list["CreditNoteLine"]] = relationship(
        back_populates="credit_note",
        primaryjoin="CreditNote.id == foreign(CreditNoteLine.credit_note_id)",
        order_by="CreditNoteLine.position",
    )

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.invoice.patient_id

    @property
    def currency(self) -> str:
        """The currency of the invoice."""
        return self.invoice.currency

    @property
    def total(self) -> Money:
        """What it lowers the invoice by, with tax."""
        return Money(self.total_minor, self.currency)

    @property
    def groups(self) -> list[TaxGroup]:
        """What its lines come to by rate of tax."""
        return [
            TaxGroup(
                one["category"],
                Fraction(one["rate_thousandths"], 1000),
                Money(one["net_minor"], self.currency),
                Money(one["tax_minor"], self.currency),
            )
            for one in self.taxes
        ]

    @property
    def net(self) -> Money:
        """What it lowers the invoice by, without tax."""
        return Money(sum(one["net_minor"] for one in self.taxes), self.currency)

    @property
    def tax(self) -> Money:
        """The tax in it."""
        return self.total - self.net


class CreditNoteLine(ClinicScoped, Base):
    """What a credit note credits of a line of its invoice."""

    __tablename__ = "credit_note_lines"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "credit_note_id", "invoice_line_id", name="uq_credit_note_lines_line"),
        ForeignKeyConstraint(["clinic_id", "credit_note_id"], ["credit_notes.clinic_id", "credit_notes.id"]),
        ForeignKeyConstraint(["clinic_id", "invoice_line_id"], ["invoice_lines.clinic_id", "invoice_lines.id"]),
        CheckConstraint("quantity_thousandths > 0", name="quantity"),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )

    credit_note_id: Mapped[UUID] = mapped_column(Uuid)
    invoice_line_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    quantity_thousandths: Mapped[int] = mapped_column(Integer)
    amount_minor: Mapped[int] = mapped_column(BigInteger)

    credit_note: Mapped[CreditNote] = relationship(
        back_populates="lines", primaryjoin="CreditNote.id == foreign(CreditNoteLine.credit_note_id)"
    )
    line: Mapped[InvoiceLine] = relationship(
        primaryjoin="InvoiceLine.id == foreign(CreditNoteLine.invoice_line_id)", lazy="joined"
    )

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.credit_note.patient_id

    @property
    def description(self) -> str:
        """The description of the line of the invoice."""
        return self.line.description

    @property
    def quantity(self) -> Fraction:
        """The credited quantity."""
        return Fraction(self.quantity_thousandths, 1000)

    @property
    def amount(self) -> Money:
        """The credited amount."""
        return Money(self.amount_minor, self.credit_note.currency)


class WriteOff(ClinicScoped, Base):
    """The rest of an invoice that nobody will pay: it stays owed on paper, but is no longer asked for.

    One that was a mistake is undone by another row, which names it and has its amount below zero.
    One that cancels an opening balance is its reversal.
    """

    __tablename__ = "write_offs"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        ForeignKeyConstraint(["clinic_id", "undoes_id"], ["write_offs.clinic_id", "write_offs.id"]),
        UniqueConstraint("clinic_id", "undoes_id", name="uq_write_offs_undoes"),
        CheckConstraint(
            "(undoes_id IS NULL AND amount_minor > 0) OR (undoes_id IS NOT NULL AND amount_minor < 0)", name="amount"
        ),
        Index("ix_write_offs_invoice", "clinic_id", "invoice_id", "id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(LONGEST_REASON))
    undoes_id: Mapped[UUID | None] = mapped_column(Uuid)
    written_off_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    invoice: Mapped[Invoice] = relationship(primaryjoin="Invoice.id == foreign(WriteOff.invoice_id)")

    @property
    def patient_id(self) -> UUID:
        """The patient of the invoice."""
        return self.invoice.patient_id

    @property
    def amount(self) -> Money:
        """What was written off; below zero if the row undoes that."""
        return Money(self.amount_minor, self.invoice.currency)

    @property
    def size(self) -> Money:
        """The amount that was written off, or whose write-off is undone."""
        return Money(abs(self.amount_minor), self.invoice.currency)
