"""Labels of values that pages, the audit trail and the timeline show."""

from fractions import Fraction

from flask import get_template_attribute

from clinic.billing.payer_rules import OTHER, PATIENT, RELATED_PERSON
from clinic.billing.price_rules import CATEGORIES, STANDARD
from clinic.billing.rules import BILL, MONEY, OPENING
from clinic.billing.service import TaxRate
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.web.fields import quantity_text


def method_label(name: str) -> str | None:
    """Return the label of a payment method, None if there is no such method."""
    labels: dict[str, str] = get_template_attribute("billing/_standings.html", "methods")
    return labels.get(name)


def kind_label(kind: str) -> str | None:
    """Return the label of a kind of invoice or payment, None if there is no such kind."""
    return {BILL: "Invoice", MONEY: "Payment", OPENING: "Opening balance"}.get(kind)


def status_label(status: str) -> str | None:
    """Return the label of an invoice's status, None if there is no such status."""
    labels: dict[str, str] = get_template_attribute("billing/_standings.html", "statuses")
    return labels.get(status)


def category_label(category: str) -> str | None:
    """Return the label of a category of taxes, None if there is no such category."""
    return CATEGORIES.get(category)


def payer_label(kind: str) -> str | None:
    """Return the label of a kind of payer, None if there is no such kind."""
    return {PATIENT: "The patient", RELATED_PERSON: "A related person", OTHER: "Another person or firm"}.get(kind)


def yes_no(value: object) -> str:
    """Return whether a setting is on."""
    return "Yes" if value in {True, "1"} else "No"


def tax_label(tax: TaxRate) -> str:
    """Return a tax by name, with today's rate unless the name has it: `VAT 23 %`, `Reduced (6 %)`."""
    text = rate_text(tax)
    digits = text.removesuffix(" %")
    return tax.name if digits in tax.name or tax.category != STANDARD else f"{tax.name} ({text})"


def rate_text(tax: TaxRate) -> str:
    """Return today's rate of a standard tax, `23 %`; of another one its category."""
    if tax.category != STANDARD:
        return CATEGORIES[tax.category]
    rate = tax.rate_on(today(clinic_service.current().zone))
    return "No rate yet" if rate is None else f"{quantity_text(rate)} %"


def tax_text(category: str | None, rate: Fraction | None) -> str:
    """Return the tax of a line or a group: `23 %`, `Exempt`; empty without one."""
    if not category:
        return ""
    return f"{quantity_text(rate or Fraction(0))} %" if category == STANDARD else CATEGORIES[category]
