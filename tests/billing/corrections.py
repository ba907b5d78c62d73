"""Corrections that tests make, and what they look at afterwards."""

from fractions import Fraction
from typing import Any

from clinic.billing.models import Payment
from clinic.billing.service import CreditedLine, billing_service
from tests.billing.invoices import euros
from tests.page_client import hidden_value

Published = list[tuple[str, dict[str, Any]]]


def paid(invoice: Any, cents: int = 5000, **more: Any) -> Payment:
    """Take a payment of an invoice."""
    return billing_service.record_payment(invoice.id, amount=euros(cents), method="card", **more)


def refunded(payment: Any, cents: int, **more: Any) -> Any:
    """Give money back."""
    return billing_service.refund_payment(payment.id, amount=euros(cents), method="cash", reason="goodwill", **more)


def credited(invoice: Any, *quantities: str) -> Any:
    """Credit quantities of the first lines of an invoice, or all of it."""
    lines = [CreditedLine(line.id, Fraction(one)) for line, one in zip(invoice.lines, quantities, strict=False)]
    return billing_service.credit_invoice(invoice.id, reason="not-given", lines=lines or None)


def state(invoice: Any) -> tuple[str, str, int]:
    """Return status, standing and what is due of an invoice."""
    found = billing_service.get(invoice.id)
    return found.status, found.standing, found.due.minor


def data_of(published: Published, name: str) -> list[dict[str, Any]]:
    """Return the data of the events of a name."""
    return [data for one, data in published if one == name]


def confirm(client: Any, address: str, **typed: Any) -> Any:
    """Send the form of a page that asks first, with the version that the page shows."""
    return client.submit(address, version=hidden_value(client.get(address).text, "version"), **typed)
