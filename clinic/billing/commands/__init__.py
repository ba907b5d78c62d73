"""Commands of billing, taxes and the price list."""

from clinic.billing.commands import (
    audit,
    corrections,
    invoice_list,
    invoices,
    opening_balances,
    parts,
    payments,
    price_list,
    settings,
    statements,
    tax_rates,
    unbilled,
)
from clinic.billing.commands.group import group

OTHER_GROUPS = (tax_rates.group, price_list.group)

__all__ = [
    "OTHER_GROUPS",
    "audit",
    "corrections",
    "group",
    "invoice_list",
    "invoices",
    "opening_balances",
    "parts",
    "payments",
    "settings",
    "statements",
    "unbilled",
]
