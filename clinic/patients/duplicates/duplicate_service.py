"""DuplicateService: who may be on file already, the pairs of patients to decide, and what was decided."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.duplicates.candidates import Candidate, find_candidates, visible_candidates
from clinic.patients.duplicates.checks import (
    CheckStatistics,
    due_clinics,
    finish_check,
    last_check,
    running_check,
    start_check,
)
from clinic.patients.duplicates.facts import facts_of, facts_of_all, facts_of_fields
from clinic.patients.duplicates.pairs import decide, decided_ids, pair_ids, store_pairs
from clinic.patients.duplicates.scoring import POSSIBLE, Likeness, compare, likelihood, reason_texts
from clinic.patients.errors import PairNotFound, PatientNotFound
from clinic.patients.models import DuplicateCheck, DuplicatePair, Patient
from clinic.patients.models.duplicates import NOT_DUPLICATE, TO_DECIDE


@dataclass(frozen=True)
class PossibleDuplicate:
    """Two patients who may be one person, with what was decided about them."""

    pair: DuplicatePair
    first: Patient
    second: Patient
    with_contact: bool = True
    """Whether contact details count."""

    @property
    def id(self) -> UUID:
        """The id of the pair."""
        return self.pair.id

    @property
    def patients(self) -> tuple[Patient, Patient]:
        """Both patients, the one who was registered first before the other."""
        return self.first, self.second

    @property
    def score(self) -> int:
        """The score."""
        return self.pair.score if self.with_contact else self.pair.open_score

    @property
    def likelihood(self) -> str:
        """The word for the score."""
        return likelihood(self.score)

    @property
    def state(self) -> str:
        """Whether something was decided."""
        return self.pair.state

    @property
    def found_at(self) -> datetime:
        """When the pair was found."""
        return self.pair.found_at

    @property
    def decided_at(self) -> datetime | None:
        """When it was decided."""
        return self.pair.decided_at

    @property
    def decided_by(self) -> str | None:
        """The actor who decided."""
        return self.pair.decided_by

    @property
    def reasons(self) -> list[str]:
        """The texts of the reasons."""
        likeness = Likeness(self.pair.score, tuple(self.pair.reasons))
        return reason_texts((likeness if self.with_contact else likeness.without_contact).reasons)


class Registered:
    """A patient who was registered, with `possible_duplicates`; every other attribute is the patient's."""

    def __init__(self, patient: Patient, possible_duplicates: Sequence[Candidate]) -> None:
        self.patient = patient
        self.possible_duplicates = possible_duplicates

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the patient."""
        return getattr(self.patient, name)

    @property
    def id(self) -> UUID:
        """The patient's id."""
        return self.patient.id

    @property
    def version(self) -> int:
        """The patient's version."""
        return self.patient.version


class DuplicateService:
    """The possible duplicates among the patients of the current clinic.

    For an actor who may not see contact details, these count nothing: neither score nor reasons reveal them.
    """

    def candidates(self, patient_id: UUID | None = None, **fields: Any) -> list[Candidate]:
        """Return who may be the person whom the fields of a patient describe, the most likely first.

        `patient_id` is the record that is edited: it is no candidate, nor are those that were decided to be others.
        """
        besides = set() if patient_id is None else {patient_id, *decided_ids(patient_id)}
        return visible_candidates(find_candidates(facts_of_fields(fields), besides=besides))

    def candidates_to_show(
        self, patient_id: UUID | None = None, *, overruled: Collection[UUID] = (), **fields: Any
    ) -> list[Candidate]:
        """Return the candidates for the fields of a form, if somebody is among them whom the form does not overrule.

        Those who may not see patients are shown none. It records who is about to be shown.
        """
        if not current_actor().has_permission("patients:read"):
            return []
        found = self.candidates(patient_id, **fields)
        if all(one.patient.id in overruled for one in found):
            return []
        record_listing("patients", (one.patient.id for one in found))
        return found

    def candidates_of(self, patient: Patient) -> list[Candidate]:
        """Return who may be the same person as a patient."""
        besides = {patient.id, *decided_ids(patient.id)}
        return visible_candidates(find_candidates(facts_of(patient), besides=besides))

    def likeness(self, patient: Patient, other: Patient) -> Candidate | None:
        """Return how alike two patients are, whatever was decided about them; None if they are not."""
        facts = facts_of_all([patient, other])
        found = compare(facts[patient.id], facts[other.id])
        candidates = [Candidate(other, found.score, found.reasons)] if found.score >= POSSIBLE else []
        return next(iter(visible_candidates(candidates)), None)

    def list(
        self,
        *,
        state: str = TO_DECIDE,
        min_score: int = POSSIBLE,
        patient_id: UUID | None = None,
        limit: int = DEFAULT_LIMIT,
        after: tuple[int, UUID] | None = None,
    ) -> Page[PossibleDuplicate]:
        """Return the pairs in a state from a score on, maybe only those of a patient; the highest scores come first."""
        wanted = _with_patients().where(*_conditions(state, min_score))
        wanted = wanted.order_by(_score().desc(), DuplicatePair.id.desc())
        if patient_id is not None:
            wanted = wanted.where(or_(DuplicatePair.first_id == patient_id, DuplicatePair.second_id == patient_id))
        if after is not None:
            key = tuple_(_score(), DuplicatePair.id)
            wanted = wanted.where(key < tuple_(*after, types=[DuplicatePair.score.type, DuplicatePair.id.type]))
        found = _read(wanted.limit(limit + 1))
        rows = found[:limit]
        return Page(rows, (rows[-1].score, rows[-1].id) if len(found) > limit else None)

    def counts(self, *, min_score: int = POSSIBLE) -> dict[str, int]:
        """Return how many pairs there are from a score on, by state."""
        counted = _with_patients().with_only_columns(DuplicatePair.state, func.count(), maintain_column_froms=True)
        scored = counted.where(_score() >= min_score).group_by(DuplicatePair.state)
        found = dict(db.session.execute(scored).all())
        return {state: found.get(state, 0) for state in (TO_DECIDE, NOT_DUPLICATE)}

    def get(self, pair_id: UUID) -> PossibleDuplicate:
        """Return a pair.

        :raises PairNotFound: if none has that id
        """
        found = _read(_with_patients().where(DuplicatePair.id == pair_id))
        if not found:
            raise PairNotFound
        return found[0]

    def dismiss(self, pair_id: UUID) -> PossibleDuplicate:
        """Record that the two patients of a pair are two people; nobody is asked about them again.

        :raises PairNotFound: if no pair has that id
        """
        return self._decide(pair_id, NOT_DUPLICATE)

    def reopen(self, pair_id: UUID) -> PossibleDuplicate:
        """Take back that the two patients of a pair are two people.

        :raises PairNotFound: if no pair has that id
        """
        return self._decide(pair_id, TO_DECIDE)

    def separate(self, one: UUID, other: UUID) -> PossibleDuplicate:
        """Record that two patients are two people, whether or not they were found to be alike.

        :raises PatientNotFound: if one of them does not exist, or both are the same record
        """
        with unit_of_work():
            first, second = _both(one, other)
            store_pairs({(first.id, second.id): compare(facts_of(first), facts_of(second))})
            decide(first.id, second.id, NOT_DUPLICATE)
            (pair,) = _pairs_of_both(first, second)
        return pair

    def start_check(self) -> DuplicateCheck:
        """Begin to compare all patients, unless that is being done; a worker goes on with it."""
        return start_check()

    def check_all(self, report: Callable[[DuplicateCheck], object] = lambda _: None) -> CheckStatistics:
        """Compare all patients now; `report` is called after each batch."""
        return finish_check(start_check(), report)

    def is_check_due(self) -> bool:
        """Return whether a clinic has a check that is not finished."""
        return bool(due_clinics())

    def running_check(self) -> DuplicateCheck | None:
        """Return the check that is not finished."""
        return running_check()

    def last_check(self) -> DuplicateCheck | None:
        """Return the latest finished check."""
        return last_check()

    def _decide(self, pair_id: UUID, state: str) -> PossibleDuplicate:
        with unit_of_work():
            found = self.get(pair_id)
            decide(*found.pair.patient_ids, state)
        return found


duplicate_service = DuplicateService()


def _both(one: UUID, other: UUID) -> tuple[Patient, Patient]:
    first, second = (db.session.get(Patient, wanted) for wanted in pair_ids(one, other))
    if first is None or second is None or one == other:
        raise PatientNotFound
    return first, second


def _pairs_of_both(first: Patient, second: Patient) -> Sequence[PossibleDuplicate]:
    of_both = (DuplicatePair.first_id == first.id, DuplicatePair.second_id == second.id)
    return _read(_with_patients().where(*of_both))


def _read(wanted: Select[*tuple[Any, ...]]) -> list[PossibleDuplicate]:
    shown = _sees_contact()
    return [PossibleDuplicate(pair, first, second, shown) for pair, first, second in db.session.execute(wanted)]


def _score() -> InstrumentedAttribute[int]:
    """Return the column of the score that the current actor may know."""
    return DuplicatePair.score if _sees_contact() else DuplicatePair.open_score


def _sees_contact() -> bool:
    return current_actor().has_permission("patients:contact")


def _with_patients() -> Select[*tuple[Any, ...]]:
    first, second = aliased(Patient), aliased(Patient)
    return (
        select(DuplicatePair, first, second)
        .join(first, first.id == DuplicatePair.first_id)
        .join(second, second.id == DuplicatePair.second_id)
        .where(first.merged_into_id.is_(None), second.merged_into_id.is_(None))
    )


def _conditions(state: str, min_score: int) -> Collection[ColumnElement[bool]]:
    return DuplicatePair.state == state, _score() >= min_score
