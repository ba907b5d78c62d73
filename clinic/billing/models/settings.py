"""The settings of a clinic's billing."""

from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, SmallInteger, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.billing.settings_rules import DEFAULT_PATTERN, DEFAULT_PAYMENT_DAYS, LONGEST_PATTERN, MOST_PAYMENT_DAYS
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin


class BillingSettings(ClinicScoped, VersionMixin, Base):
    """What invoices say of the seller, how they are numbered, when they are due, and how prices are understood.

    Name, address, phone and email are those of the clinic if None.
    """

    __tablename__ = "billing_settings"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", name="uq_billing_settings_clinic"),
        ForeignKeyConstraint(["clinic_id", "default_tax_rate_id"], ["tax_rates.clinic_id", "tax_rates.id"]),
        CheckConstraint(f"payment_days BETWEEN 0 AND {MOST_PAYMENT_DAYS}", name="payment_days"),
    )

    legal_name: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(500))
    phone: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254))
    tax_number: Mapped[str | None] = mapped_column(String(40))
    iban: Mapped[str | None] = mapped_column(String(34))
    bic: Mapped[str | None] = mapped_column(String(11))
    number_pattern: Mapped[str] = mapped_column(String(LONGEST_PATTERN), default=DEFAULT_PATTERN)
    payment_days: Mapped[int] = mapped_column(SmallInteger, default=DEFAULT_PAYMENT_DAYS)
    prices_include_tax: Mapped[bool] = mapped_column(Boolean, default=True)
    default_tax_rate_id: Mapped[UUID | None] = mapped_column(Uuid)
    footer: Mapped[str | None] = mapped_column(String(500))
