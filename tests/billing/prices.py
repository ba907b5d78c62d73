"""Taxes and items that tests put into the database."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from clinic.billing.service import PriceItem, TaxRate, price_list, tax_rate_service
from tests.billing.invoices import euros

START = date(2020, 1, 1)
REASON = "Exempt under article 9 of the VAT Code"


def a_tax(rate: str = "23", name: str | None = None) -> TaxRate:
    """Add a standard tax."""
    rates: Any = [{"valid_from": START, "rate": Fraction(rate)}]
    return tax_rate_service.create(name=name or f"VAT {uuid4().hex[:8]}", category="S", rates=rates)


def an_exemption(name: str = "Exempt") -> TaxRate:
    """Add an exemption."""
    return tax_rate_service.create(name=name, category="E", reason=REASON)


def an_item(
    cents: int = 5000,
    *,
    code: str | None = None,
    label: str = "Consultation",
    tax: TaxRate | None = None,
    service_ids: Sequence[UUID] = (),
) -> PriceItem:
    """Add an item with a standard price."""
    prices: Any = [{"valid_from": START, "concession": None, "price": euros(cents)}]
    given: Any = {"code": code or uuid4().hex[:12], "label": label, "tax_rate_id": tax.id if tax else None}
    return price_list.create(**given, prices=prices, service_ids=service_ids)
