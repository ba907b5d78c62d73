"""The fields of a patient's record in words: labels, and texts of values and of the rows of lists."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from clinic.identity.clinics import clinic_service
from clinic.patients.contact_rules import use_label
from clinic.patients.identifier_rules import identifier_label
from clinic.patients.rules import language_label, sex_label
from clinic.web.template_filters import born

LABELS = {
    "given_name": "Given names",
    "family_name": "Family name",
    "birth_date": "Date of birth",
    "estimated_age": "Estimated age",
    "age_on": "Age on",
    "sex": "Sex recorded for care",
    "phone": "Phone",
    "phone_use": "Use of the phone",
    "email": "Email",
    "email_use": "Use of the email",
    "language": "Language",
    "preferred_name": "Preferred name",
    "pronouns": "Pronouns",
    "address": "Address",
    "address_use": "Use of the address",
}
LIST_LABELS = {
    "former_names": "Former names",
    "other_phones": "Other phones",
    "other_emails": "Other emails",
    "other_addresses": "Other addresses",
    "identifiers": "Identifiers",
}


def birth_date_text(value: str) -> str:
    """Return a birth date with the age in the clinic's time zone."""
    return born(value, clinic_service.current().zone)


FORMATTERS = {
    "birth_date": birth_date_text,
    "language": language_label,
    "sex": sex_label,
    **{f"{kind}_use": use_label for kind in ("phone", "email", "address")},
}


def period_text(first: date | None, last: date | None) -> str:
    """Return the days of a period: `from 1 Jan 2026`, empty without any."""
    named = (("from", first), ("until", last))
    return " ".join(f"{word} {day.day} {day:%b %Y}" for word, day in named if day)


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row of a list in words: `+351213456789 (Work, from 2026-01-01)`."""
    name = ", ".join(part for part in (row.get("family_name"), row.get("given_name")) if part)
    type_ = identifier_label(row["type"]) if row.get("type") else ""
    notes = [
        use_label(row.get("use") or ""),
        *(f"{word} {row[field]}" for field, word in _PERIOD.items() if row.get(field)),
        row.get("reason"),
        row.get("issuer"),
    ]
    note = ", ".join(str(one) for one in notes if one)
    text = " ".join(part for part in (type_, row.get("value") or name) if part)
    return f"{text} ({note})" if note else text


_PERIOD = {"valid_from": "from", "valid_until": "until", "until": "until"}
