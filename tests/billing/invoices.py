"""Invoices that tests put into the database, and what they send."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from clinic.billing.service import Invoice, LineFields, billing_service, billing_settings_service
from clinic.core.money import Money
from clinic.patients.service import Patient
from tests.builders import somebody

KEY = "test-key-0123456789"


def euros(cents: int) -> Money:
    """Return an amount in the clinic's currency."""
    return Money(cents, "EUR")


def a_line(cents: int = 5000, quantity: str = "1", description: str = "Consultation") -> LineFields:
    """Return a line as a service takes it."""
    return {"description": description, "quantity": Fraction(quantity), "unit_price": euros(cents)}


def a_draft(patient: Patient | None = None, lines: Sequence[LineFields] | None = None) -> Invoice:
    """Draft an invoice of 50.00 EUR, for `somebody` unless a patient is given."""
    return billing_service.create(patient_id=(patient or somebody()).id, lines=lines or [a_line()])


def an_invoice(patient: Patient | None = None, cents: int = 5000) -> Invoice:
    """Issue an invoice of one line."""
    return billing_service.issue(a_draft(patient, [a_line(cents)]).id)


def a_seller(**fields: Any) -> None:
    """Set what invoices with a tax have to say of the clinic."""
    given: Any = {"address": "Rua da Junqueira 120\n1300-344 Lisboa", "tax_number": "PT 509 000 111"} | fields
    billing_settings_service.update(version=None, **given)


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    """Return an amount as JSON writes it."""
    return {"amount": amount, "currency": currency}


def line_fields(**fields: Any) -> dict[str, Any]:
    """Return a line as an integrator sends it."""
    return {"description": "Consultation", "quantity": "1", "unit_price": money("50.00")} | fields


def typed_lines(*rows: tuple[str, str, str]) -> dict[str, str]:
    """Return rows as a form sends them."""
    names = ("description", "quantity", "unit_price")
    return {f"lines-{at}-{name}": value for at, row in enumerate(rows) for name, value in zip(names, row, strict=True)}


def payment_fields(amount: str = "50.00", method: str = "card", **fields: Any) -> dict[str, Any]:
    """Return a payment as an integrator sends it."""
    return {"amount": money(amount), "method": method} | fields


def paid_events(published: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the data of the events that tell of a paid invoice."""
    return [data for name, data in published if name == "invoice.paid"]
