"""Related persons: what they are to a patient, and what a record of one must have."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

CONTACT, GUARDIAN, PAYER = "contact", "guardian", "payer"
ROLES = {CONTACT: "Contact person", GUARDIAN: "Guardian", PAYER: "Payer"}
REVERSE_ROLES = {CONTACT: "Contact person of", GUARDIAN: "Guardian of", PAYER: "Payer for"}

NOBODY = "Enter another patient of the clinic, or a name"
OF_THE_OTHER = "Leave this empty: the record of the other patient has it"
NO_ROLE = "Choose at least one: contact person, guardian or payer"
OWN = "Enter another patient: nobody is related to themselves"


def person_problems(person: Mapping[str, Any], roles: Collection[str] | None) -> dict[str, list[str]]:
    """Return the errors of a related person by field: another patient or a name, never both, and a role."""
    problems = {}
    if person.get("other_id") is None:
        problems = {} if person.get("name") else {"name": [NOBODY]}
    else:
        problems = {name: [OF_THE_OTHER] for name in ("name", "phone", "email") if person.get(name)}
    return problems if roles else problems | {"roles": [NO_ROLE]}


def adult_from(birth_date: str | None, age: int = 18) -> date | None:
    """Return the day from which a person is certainly of age; None if the birth date is not known to the day."""
    if not birth_date or birth_date.count("-") != 2:  # noqa: PLR2004
        return None
    year, month, day = map(int, birth_date.split("-"))
    try:
        return date(year + age, month, day)
    except ValueError:
        return date(year + age, 3, 1)
