"""JSON endpoints of billing."""

from clinic.billing.api import (
    credit_notes,
    invoices,
    opening_balances,
    parts,
    payments,
    price_items,
    settings,
    statements,
    tax_rates,
    unbilled,
    write_offs,
)

__all__ = ["BLUEPRINTS", "parts"]

BLUEPRINTS = (
    invoices.blueprint,
    payments.blueprint,
    credit_notes.blueprint,
    write_offs.blueprint,
    statements.blueprint,
    opening_balances.blueprint,
    settings.blueprint,
    tax_rates.blueprint,
    price_items.blueprint,
    unbilled.blueprint,
)
