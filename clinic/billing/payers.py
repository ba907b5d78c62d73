"""Who pays an invoice: who can be chosen for a patient, what a draft stores, and whether that still holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from clinic.billing.models import Invoice
from clinic.billing.payer_rules import (
    ARCHIVED,
    DIED,
    KINDS,
    MINOR_PATIENT,
    MINOR_PERSON,
    NO_KIND,
    NO_LONGER,
    NO_NAME,
    NO_PERSON,
    NOT_CHOSEN,
    ONLY_OTHER,
    ONLY_RELATED,
    OTHER,
    PATIENT,
    RELATED_PERSON,
)
from clinic.core.errors import InvalidInput
from clinic.core.text import fold
from clinic.patients.service import Patient, Relation, choose_guardian, counts_as_minor, related_person_service

LONGEST_SEARCHED = 300
_TYPED = ("name", "address", "tax_number")


class PayerFields(TypedDict, total=False):
    """The patient, a related person by id, or somebody else by name, maybe with address and tax number."""

    kind: str
    related_person_id: UUID | None
    name: str | None
    address: str | None
    tax_number: str | None


@dataclass(frozen=True)
class PayerChoice:
    """Somebody who could pay for a patient: the patient, or a related person; `problem` is why they can't be chosen."""

    patient: Patient
    relation: Relation | None
    problem: str | None

    @property
    def key(self) -> str:
        """The value that a form sends: `patient`, or the id of the related person."""
        return str(self.relation.person.id) if self.relation else PATIENT


def payer_choices(patient: Patient) -> Sequence[PayerChoice]:
    """Return the payers and guardians of a patient, the first recorded first, then the patient; in one query."""
    relations = [one for one in related_person_service.relations(patient.id) if not one.is_reverse]
    able = [one for one in relations if one.person.is_payer or one.person.is_guardian]
    return [
        *(PayerChoice(patient, one, _problem_of(one.other, MINOR_PERSON)) for one in able),
        PayerChoice(patient, None, _problem_of(patient, MINOR_PATIENT)),
    ]


def default_payer(choices: Iterable[PayerChoice]) -> PayerChoice | None:
    """Return the payer on record, else the guardian of a minor, else the patient; None if nobody can be chosen."""
    able = [one for one in choices if one.problem is None]
    payer = next((one for one in able if one.relation and one.relation.person.is_payer), None)
    own = next((one for one in able if one.relation is None), None)
    guardian = choose_guardian(one.relation for one in able if one.relation)
    return payer or own or next((one for one in able if one.relation and one.relation is guardian), None)


def payer_problem(invoice: Invoice, choices: Iterable[PayerChoice]) -> str | None:
    """Return why the payer of a draft has to be chosen again, None if it holds; none chosen means the default."""
    if invoice.payer_kind is None:
        return None if default_payer(choices) else NOT_CHOSEN
    if invoice.payer_kind == OTHER:
        return None
    chosen = chosen_payer(invoice, choices)
    return chosen.problem if chosen else NO_LONGER


def chosen_payer(invoice: Invoice, choices: Iterable[PayerChoice]) -> PayerChoice | None:
    """Return which of the choices is the payer of an invoice, None if it is somebody else."""
    key = str(invoice.payer_person_id) if invoice.payer_person_id else invoice.payer_kind
    return next((one for one in choices if one.key == key), None)


def set_payer(invoice: Invoice, patient: Patient, payer: PayerFields | None) -> None:
    """Store who pays a draft: the given payer, None for the default of the patient.

    :raises InvalidInput: if the payer is incomplete, or can't be chosen for the patient
    """
    if payer is None:
        default = default_payer(payer_choices(patient))
        _store(invoice, _fields_of(default) if default else {}, default)
        return
    if problems := incomplete_payer(payer):
        nested: Any = {"payer": problems}
        raise InvalidInput(next(iter(problems.values()))[0], problems=nested)
    _store(invoice, payer, None if payer["kind"] == OTHER else _checked_choice(patient, payer))


def incomplete_payer(payer: PayerFields) -> dict[str, list[str]]:
    """Return what is wrong with a payer as sent, by field."""
    kind = payer.get("kind")
    if kind not in KINDS:
        return {"kind": [NO_KIND]}
    given: Mapping[str, Any] = payer
    if kind == OTHER:
        problems = {} if payer.get("name") else {"name": [NO_NAME]}
    else:
        problems = {name: [ONLY_OTHER] for name in _TYPED if given.get(name)}
    if kind != RELATED_PERSON and payer.get("related_person_id"):
        problems["related_person_id"] = [ONLY_RELATED]
    return problems


def keep_payer(invoice: Invoice, source: Invoice, patient: Patient) -> None:
    """Store the payer of another invoice of the patient if it still holds, else the default."""
    choices = payer_choices(patient)
    default = default_payer(choices)
    if source.payer_kind and payer_problem(source, choices) is None:
        _store(invoice, _payer_of(source), chosen_payer(source, choices))
    else:
        _store(invoice, _fields_of(default) if default else {}, default)


def searchable_name(*names: str | None) -> str | None:
    """Return the name of a payer as a search compares it, None without one."""
    return fold(" ".join(name for name in names if name))[:LONGEST_SEARCHED] or None


def _problem_of(person: Patient | None, minor: str) -> str | None:
    """Return why somebody can't pay; of somebody with a name only nothing is known."""
    if person is None:
        return None
    if person.deceased_on is not None:
        return DIED
    if person.is_archived:
        return ARCHIVED
    return minor if counts_as_minor(person) else None


def _fields_of(choice: PayerChoice) -> PayerFields:
    if choice.relation is None:
        return {"kind": PATIENT}
    return {"kind": RELATED_PERSON, "related_person_id": choice.relation.person.id}


def _checked_choice(patient: Patient, payer: PayerFields) -> PayerChoice:
    key = PATIENT if payer["kind"] == PATIENT else str(payer.get("related_person_id"))
    chosen = next((one for one in payer_choices(patient) if one.key == key), None)
    if chosen is None:
        raise InvalidInput(NO_PERSON, field="payer")
    if chosen.problem:
        raise InvalidInput(chosen.problem, field="payer")
    return chosen


def _payer_of(invoice: Invoice) -> PayerFields:
    return {
        "kind": invoice.payer_kind or PATIENT,
        "related_person_id": invoice.payer_person_id,
        "name": invoice.payer_name,
        "address": invoice.payer_address,
        "tax_number": invoice.payer_tax_number,
    }


def _store(invoice: Invoice, payer: PayerFields, choice: PayerChoice | None) -> None:
    invoice.payer_kind = payer.get("kind")
    invoice.payer_person_id = payer.get("related_person_id")
    for name in _TYPED:
        given: Mapping[str, Any] = payer
        setattr(invoice, f"payer_{name}", given.get(name) or None)
    relation = choice.relation if choice else None
    if relation is not None and relation.other is not None:
        names = [relation.other.family_name, relation.other.given_name]
    else:
        names = [relation.person.name if relation else payer.get("name")]
    invoice.payer_search = searchable_name(*names)
