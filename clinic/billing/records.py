"""How people speak of invoices and payments, where it is told what was done with them."""

from fractions import Fraction

from clinic.billing.pages import method_word, status_word
from clinic.billing.service import billing_service
from clinic.core.modules import RecordKind
from clinic.core.money import Money
from clinic.staff.service import clinic_service
from clinic.web.fields import quantity_text


def _money(minor: int) -> str:
    here = clinic_service.current()
    return Money(minor, here.currency).format(here.locale)


def _quantity(thousandths: int) -> str:
    return quantity_text(Fraction(thousandths, 1000))


KINDS = {
    "invoices": RecordKind(
        "an invoice",
        "invoices",
        labels={
            "patient_id": "Patient",
            "number": "Number",
            "status": "Status",
            "issued_on": "Issued",
            "total_minor": "Total",
            "paid_minor": "Paid",
            "currency": "Currency",
        },
        ways={"status": status_word, "total_minor": _money, "paid_minor": _money},
        acts={"created": "Drafted an invoice"},
        endpoint="billing.show",
        argument="invoice_id",
        names=billing_service.numbers,
    ),
    "invoice_lines": RecordKind(
        "a line of an invoice",
        "lines of invoices",
        labels={
            "invoice_id": "Invoice",
            "position": "Position",
            "description": "Description",
            "quantity_thousandths": "Quantity",
            "unit_price_minor": "Price",
            "amount_minor": "Amount",
        },
        ways={"quantity_thousandths": _quantity, "unit_price_minor": _money, "amount_minor": _money},
        refers={"invoice_id": "invoices"},
    ),
    "payments": RecordKind(
        "a payment",
        "payments",
        labels={
            "invoice_id": "Invoice",
            "amount_minor": "Amount",
            "currency": "Currency",
            "method": "How",
            "reference": "Reference",
            "received_at": "Taken",
        },
        ways={"amount_minor": _money, "method": method_word},
        refers={"invoice_id": "invoices"},
        acts={"created": "Took a payment"},
    ),
}
