"""Tables of billing."""

from clinic.billing.models.credits import CreditNote, CreditNoteLine, WriteOff
from clinic.billing.models.invoices import Invoice, InvoiceLine
from clinic.billing.models.payments import Allocation, Payment, Refund
from clinic.billing.models.prices import ItemPrice, PriceItem, ServiceItem, TaxRate, TaxRatePeriod
from clinic.billing.models.settings import BillingSettings

__all__ = [
    "Allocation",
    "BillingSettings",
    "CreditNote",
    "CreditNoteLine",
    "Invoice",
    "InvoiceLine",
    "ItemPrice",
    "Payment",
    "PriceItem",
    "Refund",
    "ServiceItem",
    "TaxRate",
    "TaxRatePeriod",
    "WriteOff",
]
