"""The demo's billing: a price list, invoices of some months in every state, payments and corrections."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

from clinic.appointments.service import service_catalogue
from clinic.billing.service import (
    BillingSettingsFields,
    Invoice,
    LineFields,
    Payment,
    PriceFields,
    billing_service,
    billing_settings_service,
    price_list,
    tax_rate_service,
)
from clinic.core.clock import today
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.operations.demo_schedule import DoneVisit
from clinic.patients.service import Patient
from clinic.web.cli_output import info

INVOICES = 90
EARLIER_INVOICES = 24
"""Invoices of the months before, of visits that the demo's schedule does not have."""

DAYS_BETWEEN = 4
DAYS_UNTIL_DUE = 14

SELLER: BillingSettingsFields = {
    "address": "Cais do Sodré 14\n1200-450 Lisboa",
    "tax_number": "PT 509 000 111",
    "iban": "PT50000201231234567890154",
    "payment_days": DAYS_UNTIL_DUE,
}
"""What the demo's invoices say of the clinic."""

EXEMPTION = "Medical care, exempt by article 132 (1) (c) of Directive 2006/112/EC"
STANDARD_RATE = Fraction(23)

PRICES = {
    "Annual check": ("CHECK", "65.00"),
    "Follow-up": ("FOLLOW", "35.00"),
    "Minor surgery": ("SURGERY", "120.00"),
    "Mole check": ("MOLE", "50.00"),
    "New patient": ("NEW", "60.00"),
    "Physiotherapy": ("PHYSIO", "42.50"),
    "Vaccination": ("VACC", "18.75"),
}
"""The code and the price of each service."""

EXTRAS = {
    "Medical certificate": ("CERT", "12.20"),
    "Dressing change": ("DRESS", "18.75"),
    "Material": ("MAT", "7.90"),
}
"""What is charged beside a visit."""

TAXED = "Medical certificate"
REDUCED = ("Physiotherapy", "Students", "30.00")
"""A service, a concession, and its price."""


def fill_price_list() -> None:
    """Enter the particulars of the clinic, its taxes, and the prices of its services since the year before."""
    clinic = clinic_service.current()
    start = date(today(clinic.zone).year - 1, 1, 1)
    with unit_of_work():
        exempt = tax_rate_service.create(name="Medical care", category="E", reason=EXEMPTION)
        standard = tax_rate_service.create(
            name="VAT", category="S", rates=[{"valid_from": start, "rate": STANDARD_RATE}]
        )
        billing_settings_service.update(version=None, **SELLER | {"default_tax_rate_id": exempt.id})
        services = {one.name: [one.id] for one in service_catalogue.active()}
        for label, (code, price) in {**PRICES, **EXTRAS}.items():
            price_list.create(
                code=code,
                label=label,
                tax_rate_id=standard.id if label == TAXED else None,
                prices=_prices(label, price, start, clinic.currency),
                service_ids=services.get(label, []),
            )


def fill_invoices(rng: random.Random, patients: Sequence[Patient], visits: Sequence[DoneVisit]) -> None:
    """Create invoices: a few drafts, some open, overdue or partly paid, most of them paid, and some corrections."""
    day = today(clinic_service.current().zone)
    items = {item.label: item.id for item in price_list.active()}
    with unit_of_work():
        for number, patient in enumerate(rng.sample(patients, EARLIER_INVOICES)):
            visit = DoneVisit(patient.id, rng.choice(list(PRICES)))
            issued_on = day - timedelta((EARLIER_INVOICES - number) * DAYS_BETWEEN)
            _settle(rng, _invoice(rng, visit, items), number, issued_on)
        chosen = rng.sample(visits, min(INVOICES - EARLIER_INVOICES, len(visits)))
        paid = [_settle(rng, _invoice(rng, visit, items), number, day) for number, visit in enumerate(chosen)]
        _correct([payment for payment in paid if payment])
    info(f"Created {EARLIER_INVOICES + len(chosen)} invoices")


def _prices(label: str, price: str, start: date, currency: str) -> list[PriceFields]:
    service, concession, reduced = REDUCED
    found: list[PriceFields] = [{"valid_from": start, "price": Money.parse(price, currency), "concession": None}]
    if label == service:
        found.append({"valid_from": start, "price": Money.parse(reduced, currency), "concession": concession})
    return found


def _invoice(rng: random.Random, visit: DoneVisit, items: Mapping[str, UUID]) -> Invoice:
    extras = rng.sample(list(EXTRAS), rng.randrange(3))
    lines = [LineFields(item_id=items[label], quantity=Fraction(1)) for label in [visit.service, *extras]]
    if visit.appointment_id:
        lines[0]["appointment_id"] = visit.appointment_id
    return billing_service.create(patient_id=visit.patient_id, appointment_id=visit.appointment_id, lines=lines)


def _settle(rng: random.Random, invoice: Invoice, number: int, day: date) -> Payment | None:
    """Issue nine of ten invoices, and pay two of three, a few of them partly; return the payment."""
    if number % 10 == 0:
        return None
    billing_service.issue(invoice.id, issued_on=day, confirm_date=True)
    if number % 3 == 0:
        return None
    amount = Money(invoice.total.minor // 2, invoice.currency) if number % 7 == 0 else invoice.total
    return billing_service.record_payment(invoice.id, amount=amount, method=rng.choice(["cash", "card", "transfer"]))


def _correct(payments: Sequence[Payment]) -> None:
    """Give some money back, reverse a payment, and credit an invoice, as a desk has to now and then."""
    refunded, reversed_, credited = payments[:3]
    tenth = Money(refunded.amount.minor // 10, refunded.currency)
    billing_service.refund_payment(refunded.id, amount=tenth, method="card", reason="wrong-amount")
    billing_service.reverse_payment(reversed_.id, reason="Entered for the wrong patient")
    billing_service.credit_invoice(credited.uses[0].invoice_id, reason="not-given")
