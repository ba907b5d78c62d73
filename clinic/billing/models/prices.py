"""Tax rates and the price list, each with its history."""

from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.billing.price_rules import LONGEST_CODE, LONGEST_CONCESSION, MOST_RATE, STANDARD, valid_on
from clinic.billing.rules import LONGEST_DESCRIPTION
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.money import Money


class TaxRate(ClinicScoped, VersionMixin, Base):
    """A tax: its category (EN 16931: S, Z, E, O), the history of its rate, and why a supply is exempt or out of scope.

    Only the standard category has rates; that of every other one is 0 %.
    """

    __tablename__ = "tax_rates"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "name", name="uq_tax_rates_name"),
        CheckConstraint("category IN ('S', 'Z', 'E', 'O')", name="category"),
        CheckConstraint("(category IN ('E', 'O')) = (reason IS NOT NULL)", name="reason"),
    )

    name: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(1))
    reason: Mapped[str | None] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    rates: Mapped[list["TaxRatePeriod"]] = relationship(
        primaryjoin="TaxRate.id == foreign(TaxRatePeriod.tax_rate_id)",
        order_by="TaxRatePeriod.valid_from",
        lazy="selectin",
    )

    def rate_on(self, day: date) -> Fraction | None:
        """Return the rate of a day in percent; None if a standard rate has none yet."""
        if self.category != STANDARD:
            return Fraction(0)
        found = valid_on(self.rates, day)
        return None if found is None else found.rate


class TaxRatePeriod(ClinicScoped, Base):
    """A rate of a tax from a day on, in thousandths of a percent."""

    __tablename__ = "tax_rate_periods"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "tax_rate_id", "valid_from", name="uq_tax_rate_periods_valid_from"),
        ForeignKeyConstraint(["clinic_id", "tax_rate_id"], ["tax_rates.clinic_id", "tax_rates.id"]),
        CheckConstraint(f"rate_thousandths BETWEEN 1 AND {MOST_RATE}", name="rate"),
    )

    tax_rate_id: Mapped[UUID] = mapped_column(Uuid)
    valid_from: Mapped[date] = mapped_column(Date)
    rate_thousandths: Mapped[int] = mapped_column(Integer)

    @property
    def rate(self) -> Fraction:
        """The rate in percent."""
        return Fraction(self.rate_thousandths, 1000)


class PriceItem(ClinicScoped, VersionMixin, Base):
    """An item of the price list: a code, a label, its tax (that of the clinic if None), and its prices."""

    __tablename__ = "price_items"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "code", name="uq_price_items_code"),
        ForeignKeyConstraint(["clinic_id", "tax_rate_id"], ["tax_rates.clinic_id", "tax_rates.id"]),
    )

    code: Mapped[str] = mapped_column(String(LONGEST_CODE))
    label: Mapped[str] = mapped_column(String(LONGEST_DESCRIPTION))
    tax_rate_id: Mapped[UUID | None] = mapped_column(Uuid)
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    prices: Mapped[list["ItemPrice"]] = relationship(
        primaryjoin="PriceItem.id == foreign(ItemPrice.item_id)",
        order_by="(ItemPrice.concession_name, ItemPrice.valid_from)",
        lazy="selectin",
    )
    of_services: Mapped[list["ServiceItem"]] = relationship(
        primaryjoin="PriceItem.id == foreign(ServiceItem.item_id)", order_by="ServiceItem.service_id", lazy="selectin"
    )

    @property
    def service_ids(self) -> list[UUID]:
        """The services that this item is charged for."""
        return [one.service_id for one in self.of_services]

    def price_on(self, day: date, concession: str | None = None) -> Money | None:
        """Return the price of a day: the one of a concession if there is one, else the standard price, else None."""
        for wanted in dict.fromkeys((concession or "", "")):
            found = valid_on([one for one in self.prices if one.concession_name == wanted], day)
            if found is not None:
                return found.price
        return None


class ItemPrice(ClinicScoped, Base):
    """A price of an item from a day on: the standard one, whose concession is empty, or that of a concession."""

    __tablename__ = "item_prices"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "item_id", "concession_name", "valid_from", name="uq_item_prices_valid_from"),
        ForeignKeyConstraint(["clinic_id", "item_id"], ["price_items.clinic_id", "price_items.id"]),
        CheckConstraint("price_minor >= 0", name="price"),
    )

    item_id: Mapped[UUID] = mapped_column(Uuid)
    concession_name: Mapped[str] = mapped_column(String(LONGEST_CONCESSION), default="")
    valid_from: Mapped[date] = mapped_column(Date)
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def concession(self) -> str | None:
        """The concession that it is for, None for the standard price."""
        return self.concession_name or None

    @property
    def price(self) -> Money:
        """The price of one unit."""
        return Money(self.price_minor, self.currency)


class ServiceItem(ClinicScoped, Base):
    """An item that is charged for a service of the appointments."""

    __tablename__ = "service_items"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "service_id", "item_id", name="uq_service_items_item"),
        ForeignKeyConstraint(["clinic_id", "service_id"], ["services.clinic_id", "services.id"]),
        ForeignKeyConstraint(["clinic_id", "item_id"], ["price_items.clinic_id", "price_items.id"]),
    )

    service_id: Mapped[UUID] = mapped_column(Uuid)
    item_id: Mapped[UUID] = mapped_column(Uuid)
