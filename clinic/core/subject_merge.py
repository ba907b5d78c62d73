"""Merging of two subjects: the records of every module follow, and return when that is undone."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, func, inspect, literal, select, union_all

from clinic.core.audit_values import json_value
from clinic.core.db import Base, db
from clinic.core.db.transaction import get_for_update
from clinic.core.db.types import UTCDateTime


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of merging or of undoing it, with the table and the id of each record that it is about."""

    text: str
    records: tuple[tuple[str, UUID], ...] = ()


@dataclass(frozen=True)
class RowChange:
    """What merging has done to a row: columns before and after as JSON values, and its versions, if it has some.

    A row that it has made has nothing before.
    """

    table: str
    row_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    version: int | None = None
    version_before: int | None = None
    made: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the change as it is stored."""
        return asdict(self)


@dataclass(frozen=True)
class MergeFollower:
    """Records of a module that follow when two subjects are merged: all rows of `model` whose `column` names one.

    `label` counts them on the preview, none leaves them out; `tables` are those for whose references to subjects this
    answers. `obstacles` are in the way of merging a subject into another one, `warnings` are not. `left_behind` are in
    the way of undoing it: what refers to rows that moved, by table, and would stay with the survivor. `move` replaces
    the default, which changes the column of each row.
    """

    model: Any
    label: str | None = None
    column: str = "subject_id"
    tables: frozenset[str] = frozenset()
    obstacles: Callable[[UUID, UUID], Sequence[Obstacle]] = lambda *_: ()
    warnings: Callable[[UUID, UUID], Sequence[Obstacle]] = lambda *_: ()
    left_behind: Callable[[UUID, Mapping[str, Collection[UUID]]], Sequence[Obstacle]] = lambda *_: ()
    move: Callable[[UUID, UUID], Sequence[RowChange]] | None = None
    record_of: Callable[[Any], tuple[str, UUID]] = field(default=lambda row: (row.__tablename__, row.id))

    @property
    def answers_for(self) -> frozenset[str]:
        """The tables whose references to a subject this follower looks after."""
        return self.tables or frozenset({self.model.__tablename__})

    def follow(self, survivor_id: UUID, merged_id: UUID) -> Sequence[RowChange]:
        """Let the rows of a merged subject be those of the survivor, in the open unit of work."""
        if self.move is not None:
            return self.move(survivor_id, merged_id)
        return change_rows(self.rows_of(merged_id), lambda _: {self.column: survivor_id})

    def rows_of(self, subject_id: UUID) -> Sequence[Any]:
        """Return the present rows of a subject, locked until the unit of work ends (on PostgreSQL)."""
        wanted = select(self.model).where(getattr(self.model, self.column) == subject_id).order_by(self.model.id)
        locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
        return db.session.scalars(locked).all()


@dataclass(frozen=True)
class KeptRows:
    """Tables whose rows stay with the merged subject, because they are derived or describe it alone."""

    tables: frozenset[str]

    @property
    def answers_for(self) -> frozenset[str]:
        """The tables whose references to a subject are kept."""
        return self.tables


def count_rows(followers: Sequence[MergeFollower], subject_ids: Collection[UUID]) -> Sequence[Mapping[UUID, int]]:
    """Return how many rows each follower has of each of some subjects, in one query."""
    queries = []
    for number, follower in enumerate(followers):
        column = getattr(follower.model, follower.column)
        counted = select(literal(number), column, func.count()).where(column.in_(subject_ids)).group_by(column)
        queries.append(counted)
    counts: list[dict[UUID, int]] = [{} for _ in followers]
    for number, subject_id, count in db.session.execute(union_all(*queries)) if queries else ():
        counts[number][subject_id] = count
    return counts


def change_rows(rows: Iterable[Any], values: Callable[[Any], Mapping[str, Any]]) -> list[RowChange]:
    """Set columns of rows in one flush, and return the changes."""
    changed = []
    for row in rows:
        new = values(row)
        before = {name: json_value(getattr(row, name)) for name in new}
        for name, value in new.items():
            setattr(row, name, value)
        after = {name: json_value(value) for name, value in new.items()}
        changed.append((row, before, after, getattr(row, "version", None)))
    db.session.flush()
    return [
        RowChange(row.__tablename__, str(row.id), before, after, getattr(row, "version", None), version)
        for row, before, after, version in changed
    ]


def made_row(row: Any) -> RowChange:
    """Return the change of a row that merging has made."""
    columns = [attribute.key for attribute in inspect(type(row)).column_attrs]
    after = {name: json_value(getattr(row, name)) for name in columns if name not in ("created_at", "updated_at")}
    return RowChange(row.__tablename__, str(row.id), {}, after, getattr(row, "version", None), made=True)


def lock_row(change: RowChange) -> Any:
    """Return the present row of a change, locked until the unit of work ends; None if it is gone."""
    return get_for_update(_model(change.table), UUID(change.row_id))


def is_unchanged(change: RowChange, row: Any, *, whole: bool = True) -> bool:
    """Return whether a row is still as merging has left it: in what that changed and, if it is `whole`, altogether."""
    if row is None:
        return False
    if whole and change.version is not None and row.version != change.version:
        return False
    return all(json_value(getattr(row, name)) == value for name, value in change.after.items())


def restore_row(change: RowChange, row: Any) -> None:
    """Set the columns of a row to what they were before, or delete the row if merging has made it."""
    if change.made:
        db.session.delete(row)
        return
    columns = inspect(type(row)).columns
    for name, value in change.before.items():
        setattr(row, name, _from_json(columns[name], value))


def _model(table: str) -> Any:
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table)


def _from_json(column: Column[Any], value: Any) -> Any:
    """Return the value of a column that is stored as JSON."""
    if value is None:
        return None
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    kind = column.type.python_type
    if kind is UUID:
        return UUID(value)
    return date.fromisoformat(value) if kind is date else value
