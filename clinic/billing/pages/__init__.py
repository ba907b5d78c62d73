"""Pages of billing."""

from clinic.billing.pages import (
    credit_notes,
    drafts,
    invoices,
    issuing,
    payments,
    price_list,
    refunds,
    settings,
    tax_rates,
    unbilled,
    write_offs,
)
from clinic.billing.pages.blueprint import blueprint

__all__ = [
    "blueprint",
    "credit_notes",
    "drafts",
    "invoices",
    "issuing",
    "payments",
    "price_list",
    "refunds",
    "settings",
    "tax_rates",
    "unbilled",
    "write_offs",
]
