"""Pages of billing."""

from clinic.billing.pages import (
    credit_notes,
    drafts,
    invoice_list,
    invoices,
    issuing,
    opening_balances,
    parts,
    payments,
    price_list,
    receipts,
    refunds,
    settings,
    statements,
    tax_rates,
    unbilled,
    write_offs,
)
from clinic.billing.pages.blueprint import blueprint

__all__ = [
    "blueprint",
    "credit_notes",
    "drafts",
    "invoice_list",
    "invoices",
    "issuing",
    "opening_balances",
    "parts",
    "payments",
    "price_list",
    "receipts",
    "refunds",
    "settings",
    "statements",
    "tax_rates",
    "unbilled",
    "write_offs",
]
