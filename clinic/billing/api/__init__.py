"""JSON endpoints of billing."""

from clinic.billing.api import credit_notes, invoices, payments, price_items, settings, tax_rates, unbilled, write_offs

BLUEPRINTS = (
    invoices.blueprint,
    payments.blueprint,
    credit_notes.blueprint,
    write_offs.blueprint,
    settings.blueprint,
    tax_rates.blueprint,
    price_items.blueprint,
    unbilled.blueprint,
)
