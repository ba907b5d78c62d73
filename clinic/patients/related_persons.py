"""RelatedPersonService: contact persons, guardians and payers of patients."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, bindparam, case, or_, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import get_version_for_update
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.errors import InvalidRelatedPerson, PatientNotFound, RelatedPersonEnded, RelatedPersonNotFound
from clinic.patients.guardians import guardian_problem
from clinic.patients.merging.merged_records import lock_patient, merged_error, unmerged
from clinic.patients.models import Patient, RelatedPerson
from clinic.patients.related_rules import OWN, REVERSE_ROLES, ROLES, person_problems

_PERSON = ("other_id", "name", "phone", "email")


class RelatedPersonFields(TypedDict, total=False):
    """The fields of a related person: another patient, or a name with phone and email; the relationship in words."""

    other_id: UUID | None
    name: str | None
    phone: str | None
    email: str | None
    relationship: str | None
    roles: Collection[str]


@dataclass(frozen=True)
class Relation:
    """A related person, with the other patient if it is one: seen from a patient, or from that other patient."""

    person: RelatedPerson
    other: Patient | None
    is_reverse: bool = False

    @property
    def is_deceased(self) -> bool:
        """Whether the person is a patient who has died."""
        return self.other is not None and self.other.deceased_on is not None

    @property
    def phone(self) -> str | None:
        """The phone number of the person."""
        return self.other.phone if self.other else self.person.phone

    @property
    def email(self) -> str | None:
        """The email address of the person."""
        return self.other.email if self.other else self.person.email

    @property
    def role_text(self) -> str:
        """What the person is to the patient, or of the other patient what this one is: `Guardian of, payer for`."""
        labels = REVERSE_ROLES if self.is_reverse else ROLES
        return ", ".join(labels[role] for role in self.person.roles).capitalize()

    @property
    def calling_name(self) -> str:
        """The name used in messages to the person."""
        return self.other.calling_name if self.other else str(self.person.name)


class RelatedPersonService:
    """The persons who are related to the patients of the current clinic."""

    def create(self, patient_id: UUID, **fields: Unpack[RelatedPersonFields]) -> RelatedPerson:
        """Add a related person of a patient.

        :raises PatientNotFound: if no record has that id
        :raises InvalidRelatedPerson: if it is neither another patient nor a name, has no role, or can't be a guardian
        """
        with unit_of_work():
            lock_patient(patient_id)
            person = RelatedPerson(patient_id=patient_id)
            _set(person, fields)
            db.session.add(person)
            db.session.flush()
        return person

    def update(
        self, person_id: UUID, *, version: int | None = None, **fields: Unpack[RelatedPersonFields]
    ) -> RelatedPerson:
        """Change the given fields of a related person.

        :raises RelatedPersonNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        :raises RelatedPersonEnded: if it was ended
        :raises InvalidRelatedPerson: if it would be neither another patient nor a name, have no role, or become a
            guardian and can't be one
        """
        with unit_of_work():
            person = _locked(person_id, version)
            if person.ended_at is not None:
                raise RelatedPersonEnded
            with db.session.no_autoflush:
                _set(person, fields)
            db.session.flush()
        return person

    def end(self, person_id: UUID, *, version: int | None = None) -> RelatedPerson:
        """End that a person is related to a patient; one that was ended stays as it is.

        :raises RelatedPersonNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            person = _locked(person_id, version)
            if person.ended_at is None:
                person.ended_at, person.ended_by = now(), current_actor().actor
            db.session.flush()
        return person

    def restore(self, person_id: UUID, *, version: int | None = None) -> RelatedPerson:
        """Take back that a related person was ended.

        :raises RelatedPersonNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            person = _locked(person_id, version)
            person.ended_at = person.ended_by = None
            db.session.flush()
        return person

    def get(self, person_id: UUID) -> RelatedPerson:
        """Return a related person.

        :raises RelatedPersonNotFound: if there is none of that id, or the records of both were merged
        """
        return _not_merged(db.session.get(RelatedPerson, person_id))

    def list(self, patient_id: UUID, *, ended: bool = False) -> Sequence[RelatedPerson]:
        """Return the related persons of a patient, those who were ended too if `ended`, the first recorded first.

        Nobody is related to themselves: who was related to the patient, but was merged into the record, is left out.

        :raises PatientNotFound: if no record has that id
        """
        unmerged(db.session.get(Patient, patient_id))
        wanted = select(RelatedPerson).outerjoin(Patient, Patient.id == RelatedPerson.other_id)
        wanted = wanted.where(RelatedPerson.patient_id == patient_id, Patient.merged_into_id.is_(None))
        wanted = wanted if ended else wanted.where(RelatedPerson.ended_at.is_(None))
        return db.session.scalars(wanted.order_by(RelatedPerson.id)).all()

    def relations(self, patient_id: UUID) -> Sequence[Relation]:
        """Return the related persons of a patient, and the patients to whom this one is related, in one query.

        What two records say of each other is left out once they are merged: nobody is related to themselves.
        """
        found = db.session.execute(_RELATIONS, {"patient": patient_id}).all()
        return [Relation(person, other, person.patient_id != patient_id) for person, other in found]

    def relations_of(self, patient_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Relation]]:
        """Return the related persons of some patients, by the id of the patient, in one query."""
        wanted = select(RelatedPerson, Patient).outerjoin(Patient, Patient.id == RelatedPerson.other_id)
        of_patients = (RelatedPerson.patient_id.in_(patient_ids), RelatedPerson.ended_at.is_(None))
        present = wanted.where(*of_patients, Patient.merged_into_id.is_(None)).order_by(RelatedPerson.id)
        found: dict[UUID, list[Relation]] = {patient_id: [] for patient_id in patient_ids}
        for person, other in db.session.execute(present) if patient_ids else ():
            found[person.patient_id].append(Relation(person, other))
        return found


related_person_service = RelatedPersonService()


def _relations() -> Select[RelatedPerson, Patient]:
    of_patient = RelatedPerson.patient_id == bindparam("patient")
    other_end = case((of_patient, RelatedPerson.other_id), else_=RelatedPerson.patient_id)
    wanted = select(RelatedPerson, Patient).outerjoin(Patient, Patient.id == other_end)
    concerned = or_(of_patient, RelatedPerson.other_id == bindparam("patient"))
    present = wanted.where(concerned, RelatedPerson.ended_at.is_(None), Patient.merged_into_id.is_(None))
    return prepared(present.order_by(RelatedPerson.id))


_RELATIONS = _relations()


def _set(person: RelatedPerson, fields: RelatedPersonFields) -> None:
    """Set the given fields of a related person, if they make one."""
    roles, guardian_id = fields.get("roles"), person.other_id if person.is_guardian else None
    for name, value in fields.items():
        if name != "roles":
            setattr(person, name, value)
    if roles is not None:
        for role in ROLES:
            setattr(person, f"is_{role}", role in roles)
    _check(person, guardian_id)


def _check(person: RelatedPerson, guardian_id: UUID | None) -> None:
    """Refuse fields that make no related person; who is the guardian already may stay so."""
    problems = person_problems({name: getattr(person, name) for name in _PERSON}, person.roles)
    if person.other_id is not None and person.other_id == person.patient_id:
        problems["other_id"] = [OWN]
    elif person.other_id is not None and (problem := _problem_of_other(person, guardian_id)):
        problems["other_id"] = [problem]
    if problems:
        raise InvalidRelatedPerson(next(iter(problems.values()))[0], problems=problems)


def _problem_of_other(person: RelatedPerson, guardian_id: UUID | None) -> str | None:
    other = db.session.get(Patient, person.other_id)
    if other is None:
        return PatientNotFound().message
    if other.merged_into_id is not None:
        return merged_error(other).message
    return guardian_problem(other) if person.is_guardian and person.other_id != guardian_id else None


def _locked(person_id: UUID, version: int | None) -> RelatedPerson:
    return _not_merged(get_version_for_update(RelatedPerson, person_id, version, RelatedPersonNotFound))


def _not_merged(person: RelatedPerson | None) -> RelatedPerson:
    """Return a related person, unless it stays with a record that was merged into another one."""
    merged = select(Patient.id).where(Patient.merged_into_id.is_not(None))
    if person is None or db.session.scalar(merged.where(Patient.id.in_((person.patient_id, person.other_id)))):
        raise RelatedPersonNotFound
    return person
