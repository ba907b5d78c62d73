"""The stored pairs of patients who may be one person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from clinic.core.audit import CHANGED, record_act
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.patients.duplicates.candidates import Candidate, find_candidates
from clinic.patients.duplicates.facts import facts_of
from clinic.patients.duplicates.keys import store_keys
from clinic.patients.duplicates.scoring import POSSIBLE, Likeness, compare
from clinic.patients.models import DuplicatePair, Patient
from clinic.patients.models.duplicates import NOT_DUPLICATE, TO_DECIDE

PairIds = tuple[UUID, UUID]
"""The ids of two patients, the smaller one first."""


def pair_ids(one: UUID, other: UUID) -> PairIds:
    """Return the ids of two patients in the order in which a pair stores them."""
    return (one, other) if one < other else (other, one)


def find_pair(one: UUID, other: UUID) -> DuplicatePair | None:
    """Return the pair of two patients, None if they are not stored as one."""
    first, second = pair_ids(one, other)
    return db.session.scalar(
        select(DuplicatePair).where(DuplicatePair.first_id == first, DuplicatePair.second_id == second)
    )


def compare_anew(patient: Patient, overruled: Collection[UUID] = (), *, new: bool = False) -> list[Candidate]:
    """Update keys and pairs of a patient who was added or changed; return who may be the same person.

    It is part of the open unit of work. The candidates of the ids in `overruled` were shown, and are other people, as
    the current actor says. A `new` patient has neither keys nor pairs yet.
    """
    store_keys([patient], new=new)
    candidates = find_candidates(facts_of(patient), besides={patient.id})
    known = {} if new else {_other_id(pair, patient.id): pair for pair in _pairs_of(patient.id)}
    _drop_unlike(
        patient, [pair for other, pair in known.items() if other not in {one.patient.id for one in candidates}]
    )
    likenesses = {pair_ids(patient.id, one.patient.id): Likeness(one.score, one.codes) for one in candidates}
    _store(likenesses, {pair.patient_ids: pair for pair in known.values()})
    decided = {other for other, pair in known.items() if pair.state == NOT_DUPLICATE}
    for one in candidates:
        if one.patient.id in overruled and one.patient.id not in decided:
            decide(patient.id, one.patient.id, NOT_DUPLICATE)
    return [one for one in candidates if one.patient.id not in decided]


def store_pairs(found: Mapping[PairIds, Likeness]) -> int:
    """Store how alike pairs are, whatever was decided about them; return how many are new."""
    firsts = {first for first, _ in found}
    known = {pair.patient_ids: pair for pair in _pairs(DuplicatePair.first_id.in_(firsts))} if found else {}
    _store(found, known)
    return len(found.keys() - known.keys())


def _store(found: Mapping[PairIds, Likeness], known: Mapping[PairIds, DuplicatePair]) -> None:
    for ids, likeness in sorted(found.items()):
        pair = known.get(ids)
        if pair is None:
            first, second = ids
            pair = DuplicatePair(first_id=first, second_id=second)
            db.session.add(pair)
        pair.score, pair.reasons = likeness.score, list(likeness.reasons)
        pair.open_score = likeness.without_contact.score
    db.session.flush()


def decide(one: UUID, other: UUID, state: str) -> DuplicatePair | None:
    """Record what the current actor decides about a pair, in both audit trails; None if there is no such pair."""
    pair = find_pair(one, other)
    if pair is None or pair.state == state:
        return pair
    before, pair.state = pair.state, state
    pair.decided_at, pair.decided_by = (now(), current_actor().actor) if state == NOT_DUPLICATE else (None, None)
    db.session.flush()
    for subject, counterpart in (pair.patient_ids, pair.patient_ids[::-1]):
        record_act(
            CHANGED, DuplicatePair.__tablename__, pair.id, subject, state=state, before=before, other=counterpart
        )
    return pair


def decided_ids(patient_id: UUID) -> set[UUID]:
    """Return the ids of those who are not the same person as a patient, as was decided."""
    return {_other_id(pair, patient_id) for pair in _pairs_of(patient_id) if pair.state == NOT_DUPLICATE}


def _drop_unlike(patient: Patient, pairs: Sequence[DuplicatePair]) -> None:
    """Delete the pairs to decide of a changed patient who is not like the other one any more."""
    others = {_other_id(pair, patient.id): pair for pair in pairs if pair.state == TO_DECIDE}
    if not others:
        return
    facts = facts_of(patient)
    for other in db.session.scalars(select(Patient).where(Patient.id.in_(others))):
        if compare(facts, facts_of(other)).score < POSSIBLE:
            db.session.delete(others[other.id])


def _pairs_of(patient_id: UUID) -> Iterable[DuplicatePair]:
    return _pairs(or_(DuplicatePair.first_id == patient_id, DuplicatePair.second_id == patient_id))


def _pairs(condition: ColumnElement[bool]) -> Sequence[DuplicatePair]:
    return db.session.scalars(select(DuplicatePair).where(condition)).all()


def _other_id(pair: DuplicatePair, patient_id: UUID) -> UUID:
    return pair.second_id if pair.first_id == patient_id else pair.first_id
