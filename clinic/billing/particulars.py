"""What invoices and credit notes say of seller, payer, patient and visits, copied when they are issued."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from clinic.appointments.service import Appointment, appointment_service, practitioner_service
from clinic.billing.issue_rules import TAX_IDENTIFIERS
from clinic.billing.merging import particulars_of
from clinic.billing.models import BillingSettings, Invoice
from clinic.billing.payer_rules import OTHER
from clinic.billing.payers import PayerChoice, searchable_name
from clinic.core.clock import wall_day, wall_time
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient

Particulars = Mapping[str, str | None]

_NOBODY = dict.fromkeys(("name", "family_name", "given_name", "address", "tax_number"))


def seller_particulars(settings: BillingSettings) -> Particulars:
    """Return the current clinic as seller: what its settings of billing leave empty is that of the clinic."""
    clinic = clinic_service.current()
    return {
        "name": settings.legal_name or clinic.name,
        **{name: getattr(settings, name) or getattr(clinic, name) for name in ("address", "phone", "email")},
        **{name: getattr(settings, name) for name in ("tax_number", "iban", "bic", "footer")},
    }


def credit_particulars(invoice: Invoice, settings: BillingSettings) -> dict[str, Any]:
    """Return what a credit note copies: patient and payer of its invoice, and the seller as of now.

    A document that amends an invoice is treated as an invoice: Directive 2006/112/EC, article 219. What the settings
    have no more is that of the invoice.
    """
    present = {name: value for name, value in seller_particulars(settings).items() if value}
    seller, payer = dict(invoice.seller or {}) | present, dict(invoice.billed_payer or {})
    return {"billed_to": invoice.billed_to, "particulars": {"seller": seller, "payer": payer}}


def payer_particulars(invoice: Invoice, choice: PayerChoice | None) -> Particulars:
    """Return who pays a draft: what was typed, or the chosen person as on record."""
    if invoice.payer_kind == OTHER:
        typed = {name: getattr(invoice, f"payer_{name}") for name in ("name", "address", "tax_number")}
        return _NOBODY | typed
    return _NOBODY if choice is None else person_particulars(choice)


def person_particulars(choice: PayerChoice) -> Particulars:
    """Return somebody who can pay for a patient, as on record."""
    person = choice.relation.other if choice.relation else choice.patient
    if person is None:
        return _NOBODY | {"name": choice.relation.person.name if choice.relation else None}
    on_record = {name: getattr(person, name) for name in ("family_name", "given_name", "address")}
    return _NOBODY | on_record | {"tax_number": _tax_number(person)}


def copy_particulars(invoice: Invoice, patient: Patient, seller: Particulars, payer: Particulars) -> None:
    """Copy into an invoice who sells, who pays, who was treated, and when."""
    visits = _visits(invoice)
    practitioners = practitioner_service.of(visits) if visits else {}
    zone = clinic_service.current().zone
    days = [wall_day(visit.starts_at, zone) for visit in visits]
    invoice.served_from, invoice.served_until = (min(days), max(days)) if days else (None, None)
    invoice.billed_to = particulars_of(patient)
    invoice.payer_search = searchable_name(*(payer[name] for name in ("name", "family_name", "given_name")))
    invoice.particulars = {
        "seller": dict(seller),
        "payer": dict(payer),
        "visits": [
            _visit(visit.starts_at, practitioners[visit.practitioner_id].name, str(visit.id), zone) for visit in visits
        ],
    }


def _visit(starts_at: datetime, practitioner: str, appointment_id: str, zone: str) -> dict[str, Any]:
    there = wall_time(starts_at, zone)
    return {
        "appointment_id": appointment_id,
        "day": f"{there:%Y-%m-%d}",
        "time": f"{there:%H:%M}",
        "practitioner": practitioner,
    }


def _visits(invoice: Invoice) -> Sequence[Appointment]:
    """Return the visits of an invoice and of its lines, the earliest first."""
    wanted = {invoice.appointment_id, *(line.appointment_id for line in invoice.lines)} - {None}
    found = appointment_service.get_many([one for one in wanted if one]) if wanted else {}
    return sorted(found.values(), key=lambda visit: (visit.starts_at, visit.id))


def _tax_number(person: Patient) -> str | None:
    """Return the tax number of a patient, None if it is not on record."""
    return next((one.value for one in person.identifiers if one.type in TAX_IDENTIFIERS), None)
