"""Undoing a merge: what stands in the way, and how the rows become what they were."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select

from clinic.core.db import db
from clinic.core.modules import merge_followers
from clinic.core.subject_merge import Obstacle, RowChange, is_unchanged, lock_row, restore_row
from clinic.patients.errors import UnmergeRefused
from clinic.patients.models import Patient, PatientMerge


def _checked_rows(merge: PatientMerge) -> list[tuple[RowChange, Any, Obstacle | None]]:
    """Return each change of a merge, the latest first, with its row, locked, and what is in the way of restoring it."""
    found = []
    for stored in reversed(merge.changes):
        change = RowChange(**stored)
        row = lock_row(change)
        whole = change.row_id not in (str(merge.survivor_id), str(merge.merged_id))
        obstacle = None if is_unchanged(change, row, whole=whole) else _changed(change)
        found.append((change, row, obstacle))
    return found


def _changed(change: RowChange) -> Obstacle:
    return Obstacle("changed since", ((change.table, UUID(change.row_id)),))


def _left_behind(merge: PatientMerge) -> list[Obstacle]:
    """Return what refers to rows that moved and would stay with the survivor, and the survivor if it is merged."""
    moved: dict[str, set[UUID]] = {}
    for change in merge.changes:
        moved.setdefault(change["table"], set()).add(UUID(change["row_id"]))
    found = [one for follower in merge_followers() for one in follower.left_behind(merge.survivor_id, moved)]
    survivor = db.session.get_one(Patient, merge.survivor_id)
    if survivor.merged_into_id is not None:
        found.append(Obstacle("merged itself", ((Patient.__tablename__, survivor.id),)))
    return found


def restore_rows(merge: PatientMerge) -> None:
    """Set back what a merge has changed, the latest first, in the open unit of work.

    :raises UnmergeRefused: if something stands in the way
    """
    checked = _checked_rows(merge)
    if obstacles := [*(obstacle for _, _, obstacle in checked if obstacle), *_left_behind(merge)]:
        raise UnmergeRefused([record for one in obstacles for record in one.records])
    for change, row, _ in checked:
        restore_row(change, row)
        db.session.flush()
    _carry_versions(merge, {change.row_id: (change, row) for change, row, _ in checked if not change.made})


def _carry_versions(merge: PatientMerge, restored: Mapping[str, tuple[RowChange, Any]]) -> None:
    """Let earlier merges into the subjects of restored rows know the versions of these, which are as they were."""
    subjects = {merge.merged_id}.union(*(_patients_of(row) for _, row in restored.values()))
    into_these = PatientMerge.survivor_id.in_(subjects), PatientMerge.id != merge.id
    earlier = select(PatientMerge).where(*into_these, PatientMerge.unmerged_at.is_(None))
    for other in db.session.scalars(earlier):
        other.changes = [_carried(change, restored) for change in other.changes]


def _patients_of(row: Any) -> set[UUID]:
    """Return the ids of the patients to whom a row refers."""
    columns = inspect(type(row)).columns
    id_of_patient = f"{Patient.__tablename__}.id"
    named = [
        column.key for column in columns if any(key.target_fullname == id_of_patient for key in column.foreign_keys)
    ]
    return {value for name in named if (value := getattr(row, name)) is not None}


def _carried(change: dict[str, Any], restored: Mapping[str, tuple[RowChange, Any]]) -> dict[str, Any]:
    if change["row_id"] not in restored or change["version"] is None:
        return change
    undone, row = restored[change["row_id"]]
    return change | {"version": row.version} if change["version"] == undone.version_before else change
