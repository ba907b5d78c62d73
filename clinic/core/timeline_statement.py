"""The statement that reads the timeline of a subject from the sources of all modules.

It is built once for each combination of sources and permissions, and executed with the values of one reading.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    tuple_,
    union_all,
)

from clinic.core.context import current_actor
from clinic.core.db.json_object import json_object
from clinic.core.db.orm_session import prepared
from clinic.core.db.types import UTCDateTime
from clinic.core.timeline_sources import SubjectIds, TimelineRow, TimelineSource

_COLUMNS = ("at", "id", "action", "record", "record_id", "actor", "details")

Position = tuple[datetime, UUID]
"""The instant and the id of an entry; entries are ordered by them."""

SUBJECTS = bindparam("timeline_subjects", expanding=True, type_=Uuid())
"""Whose rows a statement selects: its value is the list of their ids."""

_MOST = bindparam("timeline_most", type_=Integer())
_AT, _ID = bindparam("timeline_at", type_=UTCDateTime()), bindparam("timeline_id", type_=Uuid())

_KEPT = 64
"""How many statements a process keeps: one for each role and filter, with and without a position."""


def timeline_statement(
    shown: Sequence[TimelineSource], counted: Sequence[TimelineSource], *, from_position: bool
) -> CompoundSelect[Any]:
    """Return the statement for the first rows of some sources, and for a row without an id for each that is counted.

    What it selects may depend on the permissions of the current actor, and on nothing else of the request.
    """
    return _statement(tuple(shown), tuple(counted), from_position, current_actor().permissions)


def select_columns(name: str, rows: Subquery) -> Select[Any]:
    """Select the columns of a source's rows, with the source's name."""
    return select(literal(name, String).label("source"), *(rows.c[column] for column in _COLUMNS))


def read_row(found: Row[Any]) -> TimelineRow:
    """Return a row of what `select_columns` selects, without the source's name."""
    return TimelineRow(*(getattr(found, column) for column in _COLUMNS))


def values_of(subject_ids: SubjectIds, most: int, position: Position | None) -> Mapping[str, Any]:
    """Return the values with which the statement is executed: whose rows, how many of each source, and from where."""
    values: dict[str, Any] = {SUBJECTS.key: list(subject_ids), _MOST.key: most}
    return values | (dict(zip((_AT.key, _ID.key), position, strict=True)) if position else {})


@lru_cache(maxsize=_KEPT)
def _statement(
    shown: tuple[TimelineSource, ...],
    counted: tuple[TimelineSource, ...],
    from_position: bool,
    _permissions: frozenset[str] | None,
) -> CompoundSelect[Any]:
    queries = {source: source.query(SUBJECTS) for source in (*shown, *counted)}
    arms = [_first_rows(source.name, queries[source], from_position) for source in shown]
    arms += [_count(source.name, queries[source], from_position) for source in counted]
    return prepared(union_all(*arms))


def _first_rows(name: str, query: Select[Any], from_position: bool) -> Select[Any]:
    """Select the first rows of a query, maybe from the position on, with the source's name."""
    rows = query.subquery()
    wanted = select_columns(name, rows)
    if from_position:
        wanted = wanted.where(_is_behind(rows))
    first = wanted.order_by(rows.c.at.desc(), rows.c.id.desc()).limit(_MOST).subquery()
    return select(first.c.source, *(first.c[column] for column in _COLUMNS))


def _count(name: str, query: Select[Any], from_position: bool) -> Select[Any]:
    """Select the number of all rows of a query, and of those from the position on."""
    rows = query.subquery()
    count = func.count()
    numbers = json_object(all=count, rest=count.filter(_is_behind(rows)) if from_position else count)
    empty = (cast(null(), kind) for kind in (UTCDateTime(), Uuid(), String(), String(), Uuid(), String()))
    labelled = (value.label(column) for value, column in zip((*empty, numbers), _COLUMNS, strict=True))
    return select(literal(name, String).label("source"), *labelled).select_from(rows)


def _is_behind(rows: Any) -> ColumnElement[bool]:
    return tuple_(rows.c.at, rows.c.id) < tuple_(_AT, _ID)
