"""To whom the messages and invoices of a patient go: the patient, or the guardian of a minor."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic.patients.guardians import counts_as_minor, guardian_obstacle
from clinic.patients.models import Patient
from clinic.patients.related_persons import Relation, related_person_service


@dataclass(frozen=True)
class Recipient:
    """To whom the messages of a patient go; `language` is a tag of BCP 47 or None."""

    name: str
    email: str | None
    language: str | None
    is_guardian: bool = False


def choose_guardian(relations: Iterable[Relation]) -> Relation | None:
    """Return the guardian who gets a minor's messages: the first recorded one with an email, else the first one.

    One who has died, is archived, or may be a minor too, gets none.
    """
    on_record = (one for one in relations if one.person.is_guardian and not one.is_reverse)
    guardians = [one for one in on_record if not (one.other and guardian_obstacle(one.other))]
    return next((one for one in guardians if one.email), guardians[0] if guardians else None)


def has_guardian(patient: Patient) -> bool:
    """Return whether a guardian gets the messages of a patient, and says what may be sent: of a minor who has one."""
    return counts_as_minor(patient) and choose_guardian(related_person_service.relations(patient.id)) is not None


def recipient_of(patient: Patient) -> Recipient | None:
    """Return to whom the messages of a patient go, None for a minor without a guardian."""
    relations = related_person_service.relations(patient.id) if counts_as_minor(patient) else None
    return _recipient(patient, relations)


def recipients_of(patients: Collection[Patient]) -> Mapping[UUID, Recipient | None]:
    """Return to whom the messages of each of some patients go, None for a minor without a guardian, in one query."""
    relations = related_person_service.relations_of([one.id for one in patients if counts_as_minor(one)])
    return {one.id: _recipient(one, relations.get(one.id)) for one in patients}


def _recipient(patient: Patient, relations: Iterable[Relation] | None) -> Recipient | None:
    """Return to whom messages go: the patient or, given their relations, the guardian of a minor."""
    if relations is None:
        return Recipient(patient.calling_name, patient.email, patient.language)
    guardian = choose_guardian(relations)
    if guardian is None:
        return None
    spoken = (guardian.other and guardian.other.language) or patient.language
    return Recipient(guardian.calling_name, guardian.email, spoken, is_guardian=True)


def payer_of(patient: Patient) -> Relation | None:
    """Return who pays for a patient: the payer on record, else the guardian of a minor, None for the patient."""
    return choose_payer(patient, related_person_service.relations(patient.id))


def choose_payer(patient: Patient, relations: Sequence[Relation]) -> Relation | None:
    """Return who of the related persons of a patient pays, None if that is the patient."""
    payer = next((one for one in relations if one.person.is_payer and not one.is_reverse), None)
    return payer or (choose_guardian(relations) if counts_as_minor(patient) else None)
