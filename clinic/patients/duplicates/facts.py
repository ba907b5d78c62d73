"""What the comparison of two patients takes from a record, or from what was typed about a person."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from clinic.core.text import fold
from clinic.patients.duplicates.names import Name, name_of
from clinic.patients.duplicates.scoring import PersonFacts
from clinic.patients.models import Patient
from clinic.patients.record import LISTS, load_details

_FIELDS = ("family_name", "given_name", "preferred_name", "birth_date", "sex", "phone", "email", "address")


def facts_of(patient: Patient) -> PersonFacts:
    """Return what a record says of a person."""
    fields: dict[str, Any] = {name: getattr(patient, name) for name in _FIELDS}
    columns = ("family_name", "given_name", "value", "type")
    for name, kind in LISTS.items():
        fields[name] = [{column: getattr(row, column) for column in columns} for row in patient.details_of(kind)]
    return facts_of_fields(fields)


def facts_of_all(patients: Collection[Patient]) -> Mapping[UUID, PersonFacts]:
    """Return what records say, by patient, with their lists read in one query."""
    load_details(list(patients))
    return {patient.id: facts_of(patient) for patient in patients}


def facts_of_fields(fields: Mapping[str, Any]) -> PersonFacts:
    """Return what the fields of a patient, as they are stored, say of a person."""
    identifiers = (f"{one['type']} {one['value']}" for one in fields.get("identifiers") or ())
    return PersonFacts(
        names=tuple(_names(fields)),
        birth_date=fields.get("birth_date"),
        sex=fields.get("sex") or "unknown",
        phones=_values(fields, "phone", "other_phones", lambda phone: phone.partition(";")[0]),
        emails=_values(fields, "email", "other_emails", fold),
        addresses=_values(fields, "address", "other_addresses", lambda address: " ".join(fold(address).split())),
        identifiers=frozenset(map(fold, identifiers)),
    )


def _names(fields: Mapping[str, Any]) -> Iterable[Name]:
    """Return the present name, that with the preferred given name, and the former ones."""
    family, given, preferred = (fields.get(name) for name in ("family_name", "given_name", "preferred_name"))
    for one in dict.fromkeys((given or preferred, preferred or given)):
        if family or one:
            yield name_of(family, one)
    for former in fields.get("former_names") or ():
        yield name_of(former.get("family_name") or family, former.get("given_name") or given)


def _values(fields: Mapping[str, Any], used: str, others: str, folded: Callable[[str], str]) -> frozenset[str]:
    found = [fields.get(used), *(one.get("value") for one in fields.get(others) or ())]
    return frozenset(folded(value) for value in found if value)
