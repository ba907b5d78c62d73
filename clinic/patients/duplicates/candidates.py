"""Search for patients who may be the same person as another one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.patients.duplicates.facts import facts_of_all
from clinic.patients.duplicates.keys import keys_of
from clinic.patients.duplicates.scoring import POSSIBLE, Likeness, PersonFacts, compare, likelihood, reason_texts
from clinic.patients.models import Patient, PatientKey

MOST_WITH_KEY = 50
"""Patients, the latest, that are compared of those who share a key, so that a common name costs no more."""

MOST_CANDIDATES = 10


@dataclass(frozen=True)
class Candidate:
    """A patient on file who may be the same person, with the score and the codes of its reasons."""

    patient: Patient
    score: int
    codes: tuple[str, ...]

    @property
    def likelihood(self) -> str:
        """The word for the score."""
        return likelihood(self.score)

    @property
    def reasons(self) -> list[str]:
        """The texts of the reasons."""
        return reason_texts(self.codes)


def find_candidates(facts: PersonFacts, *, besides: Collection[UUID] = ()) -> list[Candidate]:
    """Return the patients who may be a person, the most likely first, except those of some ids."""
    wanted = set().union(*patients_by_key(keys_of(facts)).values()) - set(besides)
    present = (Patient.id.in_(wanted), Patient.merged_into_id.is_(None))
    found = list(db.session.scalars(select(Patient).where(*present))) if wanted else []
    return scored(facts, found)[:MOST_CANDIDATES]


def scored(facts: PersonFacts, patients: Iterable[Patient]) -> list[Candidate]:
    """Return those of some patients who may be a person, the most likely first."""
    candidates = []
    known = {patient.id: patient for patient in patients}
    for patient_id, theirs in facts_of_all(known.values()).items():
        patient, likeness = known[patient_id], compare(facts, theirs)
        if likeness.score >= POSSIBLE:
            candidates.append(Candidate(patient, likeness.score, likeness.reasons))
    return _sorted(candidates)


def visible_candidates(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with what the current actor may know: without contact details, some are none any more."""
    if current_actor().has_permission("patients:contact"):
        return list(candidates)
    open_ = [(one.patient, Likeness(one.score, one.codes).without_contact) for one in candidates]
    return _sorted(Candidate(who, like.score, like.reasons) for who, like in open_ if like.score >= POSSIBLE)


def _sorted(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-one.score, one.patient.mrn))


def patients_by_key(keys: Collection[int], *, until: UUID | None = None) -> Mapping[int, set[UUID]]:
    """Return the ids of the patients who have one of some keys, by key; of a common one only the latest.

    With `until` only those up to that id count.
    """
    last = {} if until is None else {"until": until}
    by_key: dict[int, set[UUID]] = {}
    for key, patient_id in db.session.execute(_having_keys(is_limited=bool(last)), {"keys": list(keys), **last}):
        by_key.setdefault(key, set()).add(patient_id)
    return by_key


@cache
def _having_keys(*, is_limited: bool) -> Select[int, UUID]:
    latest_first = func.row_number().over(partition_by=PatientKey.key, order_by=PatientKey.patient_id.desc())
    with_key = PatientKey.key.in_(bindparam("keys", expanding=True))
    having = select(PatientKey.key, PatientKey.patient_id, latest_first.label("place")).where(with_key)
    if is_limited:
        having = having.where(PatientKey.patient_id <= bindparam("until"))
    found = having.subquery()
    return prepared(select(found.c.key, found.c.patient_id).where(found.c.place <= MOST_WITH_KEY))
