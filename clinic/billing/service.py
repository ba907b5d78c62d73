"""BillingService: the interface of invoices and payments for other modules, and the only code that writes them."""

from clinic.billing.audit_findings import Finding
from clinic.billing.billing_audit import BillingAudit
from clinic.billing.credit_notes import CreditedLine, CreditNotes, CreditTooLarge
from clinic.billing.drafts import DraftFields, InvoiceNotDraft, PartIssued
from clinic.billing.invoice_export import InvoiceExports
from clinic.billing.invoice_filters import InvoiceFilters
from clinic.billing.invoice_list import NEWEST, ORDERS, SORTS, InvoiceLists
from clinic.billing.invoice_queries import InvoiceNotFound, InvoiceQueries
from clinic.billing.invoice_summary import InvoiceSummaries, InvoiceSummary
from clinic.billing.invoice_tallies import Amounts, Tally
from clinic.billing.issuing import DateNotConfirmed, InvoiceIncomplete, IssueTerms, Issuing
from clinic.billing.lines import InvalidLines, LineFields
from clinic.billing.models import (
    Allocation,
    BillingSettings,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    Payment,
    PriceItem,
    Refund,
    TaxRate,
    WriteOff,
)
from clinic.billing.opening_balances import (
    OpeningBalance,
    OpeningBalanceExists,
    OpeningBalanceNotFound,
    OpeningBalanceReversed,
    OpeningBalances,
)
from clinic.billing.parts import InvoiceParts, NothingToSplit, PartLinks
from clinic.billing.payers import (
    PayerChoice,
    PayerFields,
    chosen_payer,
    default_payer,
    payer_choices,
    payer_problem,
)
from clinic.billing.payment_problems import (
    AmountChanged,
    CreditTooSmall,
    InvoiceAlreadyPaid,
    InvoiceCancelled,
    InvoiceChanged,
    InvoiceNotIssued,
    IsOpeningBalance,
    PaymentNotFound,
    PaymentReversed,
    PaymentTooLarge,
)
from clinic.billing.payment_queries import CreditNoteNotFound, WriteOffNotFound
from clinic.billing.payments import PaymentPart, Payments
from clinic.billing.price_list import ItemCodeTaken, PriceFields, PriceItemNotFound, PriceList, price_list
from clinic.billing.receipts import Receipt, Receipts
from clinic.billing.refunds import Refunds, RefundTooLarge
from clinic.billing.reversals import PaymentRefunded, Reversals
from clinic.billing.settings import BillingSettingsFields, BillingSettingsService, billing_settings_service
from clinic.billing.statements import AccountStatement, Statements
from clinic.billing.tax_rates import TaxNameTaken, TaxRateNotFound, TaxRateService, tax_rate_service
from clinic.billing.unbilled import UnbilledVisit, UnbilledVisits, VisitBilled, VisitWithoutPrice
from clinic.billing.write_offs import WriteOffs, WriteOffUndone, is_undone


class BillingService(
    Receipts,
    InvoiceQueries,
    InvoiceLists,
    InvoiceSummaries,
    InvoiceExports,
    UnbilledVisits,
    InvoiceParts,
    Issuing,
    Payments,
    Reversals,
    OpeningBalances,
    Refunds,
    CreditNotes,
    WriteOffs,
    Statements,
    BillingAudit,
):
    """The invoices and payments of the current clinic."""


billing_service = BillingService()


__all__ = [
    "NEWEST",
    "ORDERS",
    "SORTS",
    "AccountStatement",
    "Allocation",
    "AmountChanged",
    "Amounts",
    "BillingService",
    "BillingSettings",
    "BillingSettingsFields",
    "BillingSettingsService",
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteNotFound",
    "CreditTooLarge",
    "CreditTooSmall",
    "CreditedLine",
    "DateNotConfirmed",
    "DraftFields",
    "Finding",
    "InvalidLines",
    "Invoice",
    "InvoiceAlreadyPaid",
    "InvoiceCancelled",
    "InvoiceChanged",
    "InvoiceFilters",
    "InvoiceIncomplete",
    "InvoiceLine",
    "InvoiceNotDraft",
    "InvoiceNotFound",
    "InvoiceNotIssued",
    "InvoiceSummary",
    "IsOpeningBalance",
    "IssueTerms",
    "ItemCodeTaken",
    "LineFields",
    "NothingToSplit",
    "OpeningBalance",
    "OpeningBalanceExists",
    "OpeningBalanceNotFound",
    "OpeningBalanceReversed",
    "PartIssued",
    "PartLinks",
    "PayerChoice",
    "PayerFields",
    "Payment",
    "PaymentNotFound",
    "PaymentPart",
    "PaymentRefunded",
    "PaymentReversed",
    "PaymentTooLarge",
    "PriceFields",
    "PriceItem",
    "PriceItemNotFound",
    "PriceList",
    "Receipt",
    "Refund",
    "RefundTooLarge",
    "Tally",
    "TaxNameTaken",
    "TaxRate",
    "TaxRateNotFound",
    "TaxRateService",
    "UnbilledVisit",
    "VisitBilled",
    "VisitWithoutPrice",
    "WriteOff",
    "WriteOffNotFound",
    "WriteOffUndone",
    "billing_service",
    "billing_settings_service",
    "chosen_payer",
    "default_payer",
    "is_undone",
    "payer_choices",
    "payer_problem",
    "price_list",
    "tax_rate_service",
]
