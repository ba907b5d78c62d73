"""What the register itself answers when two records are merged: notes, details and consent follow, the rest stays."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.subject_merge import KeptRows, MergeFollower, Obstacle, RowChange, change_rows
from clinic.patients.consent_rules import NO, WITHDRAWN
from clinic.patients.models import ConsentAnswer, PatientDetail, PatientNote, Recall, RelatedPerson
from clinic.patients.models.details import ADDRESS, EMAIL, PHONE

_STRICT = (NO, WITHDRAWN)


def _move_details(survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
    """Move former names, further contacts and identifiers that the survivor does not have, behind its own."""
    own = DETAILS.rows_of(survivor_id)
    known = {_what(row) for row in own}
    moving = [row for row in DETAILS.rows_of(merged_id) if _what(row) not in known]
    after = max((row.position for row in own), default=-1) + 1
    return change_rows(moving, lambda row: {"patient_id": survivor_id, "position": after + row.position})


def _what(row: PatientDetail) -> tuple[str | None, ...]:
    """Return what makes a detail the same as another one."""
    if row.kind in (PHONE, EMAIL, ADDRESS):
        return row.kind, row.value
    return row.kind, row.family_name, row.given_name, row.type, row.value, row.issuer


def _move_consent(survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
    """Move the answers, numbered after the survivor's; of two that hold, the one that allows less goes on to hold.

    It gets the highest number of both, so that it is what an answer to come has replaced.
    """
    own, moving = CONSENT.rows_of(survivor_id), CONSENT.rows_of(merged_id)
    held = {(row.purpose, row.channel): row for row in own if row.is_current}
    holding = [(held.get((row.purpose, row.channel)), row) for row in moving if row.is_current]
    losing = [loser for pair in holding if (loser := _loser(*pair))]
    ended = change_rows(losing, lambda _: {"is_current": False})
    after = max((row.change for row in own), default=1)
    moved = change_rows(moving, lambda row: _as_survivors(row, survivor_id, after))
    last = after + max((row.change for row in moving), default=0) + 1
    winning = [one for one, other in holding if one is not None and _loser(one, other) is other]
    return [*ended, *moved, *change_rows(winning, lambda _: {"change": last})]


def _move_related(survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
    """Move who is related to the patient, and let those to whom the patient is related know the survivor.

    Somebody is not related to themselves: what the two records say of each other stays. So does what the survivor's
    record says already of the same two people, which gets the roles and the relationship that it lacks.
    """
    own = [row for row in RELATED.rows_of(merged_id) if row.other_id != survivor_id]
    others = [row for row in RELATED_TO.rows_of(merged_id) if row.patient_id != survivor_id]
    known = {_pair(row): row for row in (*RELATED.rows_of(survivor_id), *RELATED_TO.rows_of(survivor_id))}
    moving = {row: {"patient_id": survivor_id} for row in own} | {row: {"other_id": survivor_id} for row in others}
    repeated = {row: known[pair] for row, new in moving.items() if (pair := _pair(row, **new)) in known}
    lacking: dict[RelatedPerson, dict[str, Any]] = {}
    for row, kept in repeated.items():
        lacking[kept] = _lacking(kept, row) | lacking.get(kept, {})
    completed = change_rows((row for row, new in lacking.items() if new), lambda row: lacking[row])
    return [*completed, *change_rows((row for row in moving if row not in repeated), lambda row: moving[row])]


def _pair(row: RelatedPerson, **new: UUID) -> tuple[object, ...]:
    """Return what makes a related person the same as another one: both people, and that neither was ended."""
    patient_id, other_id = new.get("patient_id", row.patient_id), new.get("other_id", row.other_id)
    return patient_id, other_id, row.name, row.phone, row.email, row.id if row.ended_at else None


def _lacking(kept: RelatedPerson, repeated: RelatedPerson) -> dict[str, Any]:
    """Return the roles and the relationship that one of two records of a related person has alone."""
    names = ("is_contact", "is_guardian", "is_payer", "relationship")
    return {name: value for name in names if (value := getattr(repeated, name)) and not getattr(kept, name)}


def _related_to_each_other(survivor_id: UUID, merged_id: UUID) -> Sequence[Obstacle]:
    """Return that one of two patients is on record as a related person of the other, who is seldom the same one."""
    pair = (survivor_id, merged_id)
    both = (RelatedPerson.patient_id.in_(pair), RelatedPerson.other_id.in_(pair), RelatedPerson.ended_at.is_(None))
    found = db.session.scalars(select(RelatedPerson).where(*both)).all()
    records = tuple((RelatedPerson.__tablename__, row.id) for row in found)
    return (
        [Obstacle("One of them is on record as a related person of the other: these may be two people", records)]
        if found
        else []
    )


def _as_survivors(row: ConsentAnswer, survivor_id: UUID, after: int) -> dict[str, Any]:
    """Return the columns of a moved answer; whether it holds is stored too, so that a later answer is noticed."""
    return {"patient_id": survivor_id, "change": after + row.change, "is_current": row.is_current}


def _loser(one: ConsentAnswer | None, other: ConsentAnswer) -> ConsentAnswer | None:
    """Return the one of two answers about the same that does not hold: a yes beside a no, else the older one."""
    if one is None:
        return None
    if (one.state in _STRICT) != (other.state in _STRICT):
        return other if one.state in _STRICT else one
    return min(one, other, key=lambda row: (row.answered_on, row.recorded_at, row.id))


NOTES = MergeFollower(PatientNote, "Notes", column="patient_id")
DETAILS = MergeFollower(PatientDetail, "Names, contacts and numbers", column="patient_id", move=_move_details)
RELATED_TO = MergeFollower(RelatedPerson, column="other_id")
CONSENT = MergeFollower(ConsentAnswer, "Consent entries", column="patient_id", move=_move_consent)
RECALLS = MergeFollower(Recall, "Recalls", column="patient_id")
RELATED = MergeFollower(
    RelatedPerson, "Related persons", column="patient_id", move=_move_related, warnings=_related_to_each_other
)

FOLLOWERS = (
    NOTES,
    DETAILS,
    CONSENT,
    RELATED,
    RECALLS,
    KeptRows(frozenset({"patients", "patient_keys", "duplicate_pairs", "patient_merges"})),
)
"""Pairs of possible duplicates stay: those with a merged record are not listed until that is undone."""
