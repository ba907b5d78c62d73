"""Labels of invoices and payments in the audit trail."""

from fractions import Fraction

from clinic.billing.pages.labels import category_label, kind_label, method_label, payer_label, status_label, yes_no
from clinic.billing.pages.settings import LABELS as SETTINGS
from clinic.billing.rules import CREDIT_REASONS, REFUND_REASONS
from clinic.billing.service import billing_service, price_list, tax_rate_service
from clinic.core.modules import RecordLabels
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.web.fields import quantity_text


def _money(minor: int) -> str:
    clinic = clinic_service.current()
    return Money(minor, clinic.currency).format(clinic.locale)


def _quantity(thousandths: int) -> str:
    return quantity_text(Fraction(thousandths, 1000))


def _rate(thousandths: int) -> str:
    return f"{quantity_text(Fraction(thousandths, 1000))} %"


AUDIT_LABELS = {
    "billing_settings": RecordLabels(
        "the billing settings",
        "billing settings",
        labels=SETTINGS,
        formatters={"prices_include_tax": yes_no},
        references={"default_tax_rate_id": "tax_rates"},
    ),
    "tax_rates": RecordLabels(
        "a tax",
        "taxes",
        labels={"name": "Name", "category": "Category", "reason": "Reason", "active": "Active"},
        formatters={"category": category_label},
        action_labels={"created": "Added a tax"},
        names=tax_rate_service.names,
    ),
    "tax_rate_periods": RecordLabels(
        "a rate of a tax",
        "rates of taxes",
        labels={"tax_rate_id": "Tax", "valid_from": "Valid from", "rate_thousandths": "Rate"},
        formatters={"rate_thousandths": _rate},
        references={"tax_rate_id": "tax_rates"},
    ),
    "price_items": RecordLabels(
        "an item of the price list",
        "items of the price list",
        labels={"code": "Code", "label": "Label", "tax_rate_id": "Tax", "active": "Active"},
        references={"tax_rate_id": "tax_rates"},
        action_labels={"created": "Added an item to the price list"},
        names=price_list.names,
    ),
    "item_prices": RecordLabels(
        "a price",
        "prices",
        labels={
            "item_id": "Item",
            "concession_name": "Concession",
            "valid_from": "Valid from",
            "price_minor": "Price",
            "currency": "Currency",
        },
        formatters={"price_minor": _money},
        references={"item_id": "price_items"},
    ),
    "service_items": RecordLabels(
        "an item of a service",
        "items of services",
        labels={"service_id": "Service", "item_id": "Item"},
        references={"service_id": "services", "item_id": "price_items"},
    ),
    "invoices": RecordLabels(
        "an invoice",
        "invoices",
        labels={
            "kind": "Kind",
            "patient_id": "Patient",
            "appointment_id": "Appointment",
            "part_of_id": "Part of",
            "number": "Number",
            "status": "Status",
            "issued_on": "Issued",
            "due_on": "Due",
            "served_from": "Service from",
            "served_until": "Service until",
            "total_minor": "Total",
            "paid_minor": "Paid",
            "credited_minor": "Credited",
            "written_off_minor": "Written off",
            "currency": "Currency",
            "prices_include_tax": "Prices include tax",
            "note": "Note",
            "payer_kind": "Payer",
            "payer_person_id": "Related person who pays",
            "payer_name": "Name of the payer",
            "payer_address": "Address of the payer",
            "payer_tax_number": "Tax number of the payer",
        },
        formatters={
            "kind": kind_label,
            "status": status_label,
            "total_minor": _money,
            "paid_minor": _money,
            "credited_minor": _money,
            "written_off_minor": _money,
            "prices_include_tax": yes_no,
            "payer_kind": payer_label,
        },
        references={
            "appointment_id": "appointments",
            "part_of_id": "invoices",
            "payer_person_id": "related_persons",
        },
        action_labels={"created": "Drafted an invoice"},
        endpoint="billing.show",
        argument="invoice_id",
        names=billing_service.numbers,
    ),
    "invoice_lines": RecordLabels(
        "an invoice line",
        "invoice lines",
        labels={
            "invoice_id": "Invoice",
            "position": "Position",
            "description": "Description",
            "quantity_thousandths": "Quantity",
            "unit_price_minor": "Unit price",
            "amount_minor": "Amount",
            "item_id": "Item",
            "code": "Code",
            "discount_thousandths": "Discount in percent",
            "discount_minor": "Discount",
            "tax_rate_id": "Tax",
            "tax_name": "Name of the tax",
            "tax_category": "Category of the tax",
            "tax_thousandths": "Rate of the tax",
            "tax_reason": "Reason without tax",
            "appointment_id": "Visit",
        },
        formatters={
            "quantity_thousandths": _quantity,
            "unit_price_minor": _money,
            "amount_minor": _money,
            "discount_thousandths": _rate,
            "discount_minor": _money,
            "tax_category": category_label,
            "tax_thousandths": _rate,
        },
        references={
            "invoice_id": "invoices",
            "item_id": "price_items",
            "tax_rate_id": "tax_rates",
            "appointment_id": "appointments",
        },
    ),
    "payments": RecordLabels(
        "a payment",
        "payments",
        labels={
            "kind": "Kind",
            "patient_id": "Patient",
            "invoice_id": "Invoice",
            "amount_minor": "Amount",
            "allocated_minor": "Used for invoices",
            "refunded_minor": "Refunded",
            "tendered_minor": "Cash given",
            "currency": "Currency",
            "method": "Method",
            "reference": "Reference",
            "received_at": "Received",
            "reversed_at": "Reversed",
            "reversal_reason": "Reason of the reversal",
        },
        formatters={
            "kind": kind_label,
            "amount_minor": _money,
            "allocated_minor": _money,
            "refunded_minor": _money,
            "tendered_minor": _money,
            "method": method_label,
        },
        references={"invoice_id": "invoices"},
        action_labels={"created": "Recorded a payment"},
        endpoint="billing.show_payment",
        argument="payment_id",
    ),
    "allocations": RecordLabels(
        "a use of a payment",
        "uses of payments",
        labels={
            "payment_id": "Payment",
            "invoice_id": "Invoice",
            "amount_minor": "Amount",
            "released_minor": "Taken back",
            "allocated_at": "Used",
        },
        formatters={"amount_minor": _money, "released_minor": _money},
        references={"invoice_id": "invoices", "payment_id": "payments"},
        action_labels={"created": "Used a payment for an invoice"},
    ),
    "refunds": RecordLabels(
        "a refund",
        "refunds",
        labels={
            "payment_id": "Payment",
            "amount_minor": "Amount",
            "method": "Method",
            "reason": "Reason",
            "note": "Note",
            "refunded_at": "Refunded",
        },
        formatters={"amount_minor": _money, "method": method_label, "reason": REFUND_REASONS.get},
        references={"payment_id": "payments"},
        action_labels={"created": "Refunded a payment"},
    ),
    "credit_notes": RecordLabels(
        "a credit note",
        "credit notes",
        labels={
            "invoice_id": "Invoice",
            "number": "Number",
            "issued_on": "Issued",
            "reason": "Reason",
            "note": "Note",
            "total_minor": "Total",
            "created_at": "Made",
        },
        formatters={"total_minor": _money, "reason": CREDIT_REASONS.get},
        references={"invoice_id": "invoices"},
        action_labels={"created": "Issued a credit note"},
        endpoint="billing.show_credit_note",
        argument="credit_note_id",
        names=billing_service.credit_note_numbers,
    ),
    "credit_note_lines": RecordLabels(
        "a line of a credit note",
        "lines of credit notes",
        labels={
            "credit_note_id": "Credit note",
            "invoice_line_id": "Line of the invoice",
            "position": "Position",
            "quantity_thousandths": "Quantity",
            "amount_minor": "Amount",
        },
        formatters={"quantity_thousandths": _quantity, "amount_minor": _money},
        references={"credit_note_id": "credit_notes", "invoice_line_id": "invoice_lines"},
    ),
    "write_offs": RecordLabels(
        "a write-off",
        "write-offs",
        labels={
            "invoice_id": "Invoice",
            "amount_minor": "Amount",
            "reason": "Reason",
            "undoes_id": "Write-off that it undoes",
            "written_off_at": "Written off",
        },
        formatters={"amount_minor": _money},
        references={"invoice_id": "invoices", "undoes_id": "write_offs"},
        action_labels={"created": "Wrote off the rest of an invoice, or undid that"},
    ),
}
