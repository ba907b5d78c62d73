"""Invoices with their lines."""

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    column,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.billing.models.particulars import PARTICULARS_CHECKS, IssuedParticulars
from clinic.billing.models.parts import PartOfInvoice
from clinic.billing.models.payers import PAYER_CHECKS, ChosenPayer
from clinic.billing.price_rules import LONGEST_CODE, LONGEST_REASON
from clinic.billing.rules import (
    BILL,
    CANCELLED,
    DRAFT,
    ISSUED,
    LONGEST_DESCRIPTION,
    LONGEST_NOTE,
    OPENING,
    REVERSED,
    standing_of,
)
from clinic.billing.totals import NO_TAX, Totals, totals_of
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.money import Money

if TYPE_CHECKING:
    from clinic.billing.models.payments import Allocation, Payment


SUMMED = ("status", "currency", "due_on", "paid_minor", "credited_minor", "written_off_minor", "total_minor")
"""What the counts and sums of lists need of an invoice: they read an index and no row."""

CORRECTED = column("credited_minor") + column("written_off_minor") > literal_column("0")
"""Invoices that were partly or wholly credited or written off: a small share of all."""


class Invoice(IssuedParticulars, ChosenPayer, PartOfInvoice, ClinicScoped, VersionMixin, Base):
    """An invoice of a patient, numbered and immutable once issued.

    The database itself caps what is paid, ties number and date to the status, and refuses changes of what was issued.
    `paid_published` is whether the event `invoice.paid` was published since a reversal last reopened it. One of the
    kind `opening` is no document, but what the patient owed before: it has a number of a series of its own, and is
    cancelled by a write-off over all of it, never by a credit note. `part_of_id` is the draft that it was split off.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "number", name="uq_invoices_number"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        ForeignKeyConstraint(["clinic_id", "part_of_id"], ["invoices.clinic_id", "invoices.id"]),
        ForeignKeyConstraint(["clinic_id", "payer_person_id"], ["related_persons.clinic_id", "related_persons.id"]),
        CheckConstraint("kind IN ('invoice', 'opening') AND (kind = 'invoice' OR credited_minor = 0)", name="kind"),
        CheckConstraint("status IN ('draft', 'issued', 'balanced', 'cancelled')", name="status"),
        CheckConstraint(
            "paid_minor >= 0 AND credited_minor >= 0 AND written_off_minor >= 0"
            " AND paid_minor + credited_minor + written_off_minor <= total_minor",
            name="paid",
        ),
        CheckConstraint(
            "(status = 'draft' AND number IS NULL AND issued_on IS NULL)"
            " OR (status <> 'draft' AND number IS NOT NULL AND issued_on IS NOT NULL)",
            name="issued",
        ),
        CheckConstraint(
            "(status = 'draft' AND paid_minor + credited_minor + written_off_minor = 0)"
            " OR (status = 'issued' AND paid_minor + credited_minor + written_off_minor < total_minor)"
            " OR (status = 'balanced' AND paid_minor + credited_minor + written_off_minor = total_minor)"
            " OR (status = 'cancelled' AND paid_minor = 0 AND credited_minor + written_off_minor = total_minor)",
            name="settled",
        ),
        *PARTICULARS_CHECKS,
        *PAYER_CHECKS,
        Index("ix_invoices_patient", "clinic_id", "patient_id", "id"),
        Index("ix_invoices_payer_person", "clinic_id", "payer_person_id"),
        Index("ix_invoices_appointment", "clinic_id", "appointment_id"),
        Index("ix_invoices_part_of", "clinic_id", "part_of_id"),
        Index("ix_invoices_status", "clinic_id", "status", "id"),
        Index("ix_invoices_issued_on", "clinic_id", "issued_on", "id"),
        Index("ix_invoices_sums", "clinic_id", *SUMMED, "id"),
        Index(
            "ix_invoices_corrected",
            "clinic_id",
            *SUMMED,
            postgresql_where=CORRECTED,
            sqlite_where=CORRECTED,
        ),
    )

    kind: Mapped[str] = mapped_column(String(10), default=BILL)
    patient_id: Mapped[UUID] = mapped_column(Uuid)
    appointment_id: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(10), default=DRAFT)
    number: Mapped[str | None] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    issued_on: Mapped[date | None] = mapped_column(Date)
    prices_include_tax: Mapped[bool] = mapped_column(Boolean, default=True)
    note: Mapped[str | None] = mapped_column(String(LONGEST_NOTE))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    credited_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    written_off_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_published: Mapped[bool] = mapped_column(Boolean, default=False, info={"audited": False})

    lines: Mapped[list["InvoiceLine"]] = relationship(
        back_populates="invoice",
        primaryjoin="Invoice.id == foreign(InvoiceLine.invoice_id)",
        order_by="InvoiceLine.position",
    )
    allocations: Mapped[list["Allocation"]] = relationship(
        back_populates="invoice",
        primaryjoin="Invoice.id == foreign(Allocation.invoice_id)",
        order_by="Allocation.id",
    )

    @property
    def is_draft(self) -> bool:
        """Whether it can still be changed."""
        return self.status == DRAFT

    @property
    def is_open(self) -> bool:
        """Whether something is due of it."""
        return self.status == ISSUED

    @property
    def is_opening(self) -> bool:
        """Whether it is what the patient owed before, and no document."""
        return self.kind == OPENING

    @property
    def totals(self) -> Totals:
        """What the lines come to, by rate of tax and in all."""
        return totals_of(self.lines, self.currency, prices_include_tax=self.prices_include_tax)

    @property
    def total(self) -> Money:
        """The amount of the invoice, with tax."""
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        """The sum of what payments are used for it."""
        return Money(self.paid_minor, self.currency)

    @property
    def credited(self) -> Money:
        """The sum of its credit notes."""
        return Money(self.credited_minor, self.currency)

    @property
    def written_off(self) -> Money:
        """What was written off."""
        return Money(self.written_off_minor, self.currency)

    @property
    def owed(self) -> Money:
        """Its total less credits."""
        return self.total - self.credited

    @property
    def due(self) -> Money:
        """The amount that is still due."""
        return self.owed - self.written_off - self.paid

    @property
    def is_wholly_credited(self) -> bool:
        """Whether credit notes took all of it back."""
        return 0 < self.credited_minor == self.total_minor

    @property
    def payments(self) -> list["Payment"]:
        """The payments that are or were used for it, the first one first."""
        return list(dict.fromkeys(one.payment for one in self.allocations))

    @property
    def uses(self) -> list["Allocation"]:
        """What pays it at present, in the order in which it was used."""
        return [one for one in self.allocations if one.used.minor]

    @property
    def standing(self) -> str:
        """The standing of the invoice: draft, open, part paid, paid, credited, written off or reversed."""
        if self.kind == OPENING and self.status == CANCELLED:
            return REVERSED
        return standing_of(self.status, self.paid_minor, self.credited_minor, self.written_off_minor)


class InvoiceLine(ClinicScoped, Base):
    """A line of an invoice: an item or a description, quantity, unit price, discount and tax.

    The tax is copied into it: its rate is in thousandths of a percent. `discount_thousandths` are of a percent too.
    """

    __tablename__ = "invoice_lines"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "invoice_id", "position", name="uq_invoice_lines_position"),
        ForeignKeyConstraint(["clinic_id", "invoice_id"], ["invoices.clinic_id", "invoices.id"]),
        CheckConstraint("quantity_thousandths > 0", name="quantity"),
        CheckConstraint("unit_price_minor >= 0 AND amount_minor >= 0", name="amount"),
        ForeignKeyConstraint(["clinic_id", "item_id"], ["price_items.clinic_id", "price_items.id"]),
        ForeignKeyConstraint(["clinic_id", "tax_rate_id"], ["tax_rates.clinic_id", "tax_rates.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        CheckConstraint(
            "(discount_thousandths IS NULL OR discount_minor IS NULL)"
            " AND (discount_thousandths IS NULL OR discount_thousandths BETWEEN 1 AND 100000)"
            " AND (discount_minor IS NULL OR discount_minor > 0)",
            name="discount",
        ),
        CheckConstraint("(tax_category IS NULL) = (tax_thousandths IS NULL)", name="tax"),
        Index("ix_invoice_lines_appointment", "clinic_id", "appointment_id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(String(LONGEST_DESCRIPTION))
    quantity_thousandths: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    item_id: Mapped[UUID | None] = mapped_column(Uuid)
    code: Mapped[str | None] = mapped_column(String(LONGEST_CODE))
    discount_thousandths: Mapped[int | None] = mapped_column(Integer)
    discount_minor: Mapped[int | None] = mapped_column(BigInteger)
    tax_rate_id: Mapped[UUID | None] = mapped_column(Uuid)
    tax_name: Mapped[str | None] = mapped_column(String(100))
    tax_category: Mapped[str | None] = mapped_column(String(1))
    tax_thousandths: Mapped[int | None] = mapped_column(Integer)
    tax_reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    appointment_id: Mapped[UUID | None] = mapped_column(Uuid)

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
        """The price of the quantity, less the discount."""
        return Money(self.amount_minor, self.invoice.currency)

    @property
    def discount(self) -> Money | None:
        """The discount as an amount, None without one."""
        return None if self.discount_minor is None else Money(self.discount_minor, self.invoice.currency)

    @property
    def discount_percent(self) -> Fraction | None:
        """The discount in percent, None without one."""
        return None if self.discount_thousandths is None else Fraction(self.discount_thousandths, 1000)

    @property
    def tax_rate(self) -> Fraction | None:
        """The rate of the tax in percent, None without a tax."""
        return None if self.tax_thousandths is None else Fraction(self.tax_thousandths, 1000)

    @property
    def tax(self) -> tuple[str, Fraction]:
        """The category of the tax and its rate in percent."""
        return self.tax_category or NO_TAX, self.tax_rate or Fraction(0)
