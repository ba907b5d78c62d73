"""MergeService: merges two records of one patient, with the records of every module, and undoes it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_for_update
from clinic.core.errors import StaleVersion
from clinic.core.events import event_bus
from clinic.core.events.types import EventType
from clinic.core.modules import merge_followers
from clinic.core.subject_merge import (
    Obstacle,
    RowChange,
    change_rows,
    count_rows,
    made_row,
)
from clinic.core.text import is_storable
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.patients.duplicates.pairs import compare_anew
from clinic.patients.errors import MergeNotFound, MergeRefused, PatientNotFound
from clinic.patients.events import PATIENT_MERGED, PATIENT_UNMERGED
from clinic.patients.merging.choices import Choices, ComparedField, compare_fields, further_contacts, new_values
from clinic.patients.merging.merged_records import merged_error, merged_ids, unmerged
from clinic.patients.merging.undoing import restore_rows
from clinic.patients.models import Patient, PatientMerge
from clinic.patients.rules import MERGED, parse_record_number
from clinic.patients.search.index import index_patients, sort_name_of


@dataclass(frozen=True)
class Move:
    """How many records of one kind move, and how many the survivor has afterwards."""

    label: str
    moved: int
    after: int


@dataclass(frozen=True)
class MergePreview:
    """What merging a record into another one does, and what stands in its way."""

    survivor: Patient
    merged: Patient
    fields: Sequence[ComparedField]
    moves: Sequence[Move]
    obstacles: Sequence[Obstacle]
    warnings: Sequence[Obstacle]

    @property
    def differing(self) -> Sequence[ComparedField]:
        """The fields of which both records have a value, and not the same one."""
        return [one for one in self.fields if one.differs]


class MergeService:
    """The merges of the patients of the current clinic."""

    def preview(self, survivor_id: UUID, merged_id: UUID, choices: Choices | None = None) -> MergePreview:
        """Return what merging one record into another one would do.

        :raises PatientNotFound: if one of them does not exist, or both are the same
        :raises PatientMerged: if one of them is merged already
        """
        read = {
            one.id: one for one in db.session.scalars(select(Patient).where(Patient.id.in_((survivor_id, merged_id))))
        }
        survivor, merged = _both(survivor_id, merged_id, lambda _, patient_id: read.get(patient_id))
        followers = merge_followers()
        return MergePreview(
            survivor,
            merged,
            compare_fields(survivor, merged, choices or Choices()),
            _moves(survivor_id, merged_id),
            [one for follower in followers for one in follower.obstacles(survivor_id, merged_id)],
            [one for follower in followers for one in follower.warnings(survivor_id, merged_id)],
        )

    def merge(
        self,
        survivor_id: UUID,
        merged_id: UUID,
        *,
        choices: Choices | None = None,
        version: int | None = None,
        merged_version: int | None = None,
    ) -> PatientMerge:
        """Merge a record into another one, with the records of every module, and publish `patient.merged`.

        The versions are those that were compared, None skips the check.

        :raises PatientNotFound: if one of them does not exist, or both are the same
        :raises PatientMerged: if one of them is merged already
        :raises StaleVersion: if one of them has another version
        :raises MergeRefused: if something stands in the way, like two visits at the same time
        """
        with unit_of_work():
            survivor, merged = _both(survivor_id, merged_id, get_for_update)
            if version not in {None, survivor.version} or merged_version not in {None, merged.version}:
                raise StaleVersion
            moves, changes = _merge_rows(survivor, merged, choices or Choices())
            merge = PatientMerge(
                survivor_id=survivor_id,
                merged_id=merged_id,
                merged_by=current_actor().actor,
                counts={move.label: move.moved for move in moves if move.moved},
                changes=[change.as_json() for change in changes],
            )
            db.session.add(merge)
            _refresh(survivor)
            _refresh(merged)
            _publish(PATIENT_MERGED, survivor, merged)
        return merge

    def get(self, merge_id: UUID) -> PatientMerge:
        """Return a merge.

        :raises MergeNotFound: if none has that id
        """
        merge = db.session.get(PatientMerge, merge_id)
        if merge is None:
            raise MergeNotFound
        return merge

    def find(self, survivor_id: UUID, merged_id: UUID | None = None) -> PatientMerge:
        """Return the merge of a record into another one that is not undone, the latest one if no record is given.

        :raises PatientNotFound: if the one that remains does not exist
        :raises MergeNotFound: if there is no such merge
        """
        unmerged(db.session.get(Patient, survivor_id))
        for merge in self.list_of([survivor_id]):
            if merge.survivor_id == survivor_id and merged_id in {None, merge.merged_id}:
                return merge
        raise MergeNotFound

    def merged_id(self, number: str) -> UUID:
        """Return the id of the merged record of a medical record number or an id.

        :raises MergeNotFound: if there is none
        """
        mrn = parse_record_number(number) if is_storable(number) else None
        by_number = Patient.mrn == mrn if mrn else Patient.id == _as_id(number)
        found = db.session.scalar(select(Patient.id).where(by_number, Patient.merged_into_id.is_not(None)))
        if found is None:
            raise MergeNotFound
        return found

    def list_of(self, patient_ids: Collection[UUID]) -> Sequence[PatientMerge]:
        """Return the merges of some records that are not undone, into them or of them, the latest first."""
        concerned = or_(PatientMerge.survivor_id.in_(patient_ids), PatientMerge.merged_id.in_(patient_ids))
        wanted = select(PatientMerge).where(concerned, PatientMerge.unmerged_at.is_(None))
        return db.session.scalars(wanted.order_by(PatientMerge.id.desc())).all()

    def list(self, *, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None) -> Page[PatientMerge]:
        """Return the merges that are not undone, the latest first."""
        wanted = select(PatientMerge).where(PatientMerge.unmerged_at.is_(None))
        return paginate(wanted, [PatientMerge.id], limit=limit, after=after, descending=True)

    def count(self) -> int:
        """Return how many merges are not undone."""
        counted = select(func.count()).select_from(PatientMerge).where(PatientMerge.unmerged_at.is_(None))
        return db.session.scalar(counted) or 0

    def unmerge(self, merge_id: UUID, *, version: int | None = None) -> PatientMerge:
        """Undo a merge, and publish `patient.unmerged`; what was added since stays with the survivor.

        :raises MergeNotFound: if none has that id, or it is undone
        :raises StaleVersion: if the merge has another version
        :raises UnmergeRefused: if a record that followed has changed since; it names each
        """
        with unit_of_work():
            merge = get_for_update(PatientMerge, merge_id)
            if merge is None or merge.unmerged_at is not None:
                raise MergeNotFound
            if version not in {None, merge.version}:
                raise StaleVersion
            survivor, merged = _locked_pair(merge)
            restore_rows(merge)
            merge.unmerged_at, merge.unmerged_by = now(), current_actor().actor
            for patient in (survivor, merged):
                db.session.refresh(patient)
                _refresh(patient)
            _publish(PATIENT_UNMERGED, survivor, merged)
        return merge


merge_service = MergeService()


def _both(survivor_id: UUID, merged_id: UUID, get: Any) -> tuple[Patient, Patient]:
    """Return two different records, read in the order of their ids, so that two merges at once do not deadlock."""
    if survivor_id == merged_id:
        raise PatientNotFound
    found = {patient_id: get(Patient, patient_id) for patient_id in sorted((survivor_id, merged_id))}
    for patient in found.values():
        if patient is None:
            raise PatientNotFound
        if patient.merged_into_id is not None:
            raise merged_error(patient)
    return found[survivor_id], found[merged_id]


def _as_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise MergeNotFound from error


def _locked_pair(merge: PatientMerge) -> tuple[Patient, Patient]:
    ids = (merge.survivor_id, merge.merged_id)
    found = {patient_id: get_for_update(Patient, patient_id) for patient_id in sorted(ids)}
    survivor, merged = (found[patient_id] for patient_id in ids)
    if survivor is None or merged is None:
        raise MergeNotFound
    return survivor, merged


def _moves(survivor_id: UUID, merged_id: UUID) -> list[Move]:
    labelled = [(one.label, one) for one in merge_followers() if one.label]
    counts = count_rows([follower for _, follower in labelled], (survivor_id, merged_id))
    return [
        Move(label, found.get(merged_id, 0), found.get(survivor_id, 0) + found.get(merged_id, 0))
        for (label, _), found in zip(labelled, counts, strict=True)
    ]


def _merge_rows(survivor: Patient, merged: Patient, choices: Choices) -> tuple[list[Move], list[RowChange]]:
    """Let the rows of every module follow, and set what both records say; return what was moved and changed."""
    followers = merge_followers()
    if found := [one for follower in followers for one in follower.obstacles(survivor.id, merged.id)]:
        raise MergeRefused([one.text for one in found])
    moves = _moves(survivor.id, merged.id)
    values, contacts = new_values(survivor, merged, choices), further_contacts(survivor, merged, choices)
    changes = [change for follower in followers for change in follower.follow(survivor.id, merged.id)]
    db.session.add_all(contacts)
    db.session.flush()
    changes += [made_row(row) for row in contacts]
    if values:
        changes += change_rows([survivor], lambda _: values)
    changes += change_rows([merged], lambda _: {"state": MERGED, "merged_into_id": survivor.id})
    db.session.refresh(survivor)
    return moves, changes


def _refresh(patient: Patient) -> None:
    """Update what is derived from a record."""
    patient.sort_name = sort_name_of(patient)
    patient.merged_ids = [str(one) for one in merged_ids(patient.id)] or None
    db.session.flush()
    index_patients([patient])
    if patient.state != MERGED:
        compare_anew(patient)


def _publish(event: EventType, survivor: Patient, merged: Patient) -> None:
    set_event_subject(survivor.id, survivor.version)
    event_bus.publish(event.name, {"patient_id": str(survivor.id), "merged_patient_id": str(merged.id)})
