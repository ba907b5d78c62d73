"""Labels of invoices and payments in the audit trail."""

from fractions import Fraction

from clinic.billing.pages import method_label, status_label
from clinic.billing.service import billing_service
from clinic.core.modules import RecordLabels
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.web.fields import quantity_text


def _money(minor: int) -> str:
    clinic = clinic_service.current()
    return Money(minor, clinic.currency).format(clinic.locale)


def _quantity(thousandths: int) -> str:
    return quantity_text(Fraction(thousandths, 1000))


AUDIT_LABELS = {
    "invoices": RecordLabels(
        "an invoice",
        "invoices",
        labels={
            "patient_id": "Patient",
            "appointment_id": "Appointment",
            "number": "Number",
            "status": "Status",
            "issued_on": "Issued",
            "total_minor": "Total",
            "paid_minor": "Paid",
            "currency": "Currency",
        },
        formatters={"status": status_label, "total_minor": _money, "paid_minor": _money},
        references={"appointment_id": "appointments"},
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
        },
        formatters={"quantity_thousandths": _quantity, "unit_price_minor": _money, "amount_minor": _money},
        references={"invoice_id": "invoices"},
    ),
    "payments": RecordLabels(
        "a payment",
        "payments",
        labels={
            "invoice_id": "Invoice",
            "amount_minor": "Amount",
            "currency": "Currency",
            "method": "Method",
            "reference": "Reference",
            "received_at": "Received",
        },
        formatters={"amount_minor": _money, "method": method_label},
        references={"invoice_id": "invoices"},
        action_labels={"created": "Recorded a payment"},
    ),
}
