"""The timeline of a subject: what happened to it by the records of all modules, read in one statement."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from logging import getLogger
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.modules import registered_modules
from clinic.core.timeline_sources import SubjectIds, TimelineKind, TimelineRow, TimelineSource, TimelineText
from clinic.core.timeline_statement import Position, read_row, timeline_statement, values_of

Result = TypeVar("Result")

_log = getLogger("clinic.timeline")


@dataclass(frozen=True)
class TimelineEntry:
    """An entry of a timeline: its kind, the row behind it, its words, and the name of who did it."""

    kind: TimelineKind
    row: TimelineRow
    text: TimelineText
    actor_name: str | None = None


@dataclass(frozen=True)
class Timeline:
    """Some entries of a timeline, the latest first, the position after which older ones start, if there are any.

    `failed` are the labels of the kinds that could not be read completely. `counts` has the number of all entries of
    each kind by its name, and `older` how many follow those that are returned, if they were counted.
    """

    entries: Sequence[TimelineEntry]
    next_key: Position | None
    failed: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    older: int | None = None


def timeline_kinds() -> Sequence[TimelineKind]:
    """Return the kinds of entries that the current actor may see, in order."""
    return sorted({source.kind for source in _sources(None)}, key=lambda kind: kind.order)


def all_timeline_kinds() -> Sequence[TimelineKind]:
    """Return all kinds of entries, in order."""
    every = (source.kind for module in registered_modules() for source in module.get_timeline_sources())
    return sorted(set(every), key=lambda kind: kind.order)


def read_timeline(
    subject_ids: SubjectIds,
    *,
    kind: str | None = None,
    limit: int,
    after: Position | None = None,
    counted: bool = False,
    partial: bool = False,
) -> Timeline:
    """Return entries of the kinds that the current actor may see, or of one, the latest first, in one statement.

    With `partial`, a source that fails is only named, and the entries of the others are returned.
    """
    reading = _Reading(subject_ids, limit, after, partial)
    rows = reading.rows(_sources(kind), _sources(None) if counted else ())
    shown = rows[:limit]
    entries = reading.present(shown)
    next_key = (shown[-1][1].at, shown[-1][1].id) if len(rows) > limit else None
    failed = tuple(dict.fromkeys(source.kind.label for source in reading.failed))
    older = reading.count_from(kind) - len(shown) if counted and not failed else None
    return Timeline(entries, next_key, failed, reading.counts, older)


Found = tuple[TimelineSource, TimelineRow]


class _Reading:
    """The reading of one part of a timeline.

    `failed` are the sources that could not be read, `counts` the numbers of entries by kind, all and from `after` on.
    """

    def __init__(self, subject_ids: SubjectIds, limit: int, after: Position | None, partial: bool) -> None:
        self.subject_ids = subject_ids
        self.limit = limit
        self.after = after
        self.partial = partial
        self.failed: list[TimelineSource] = []
        self.counts: dict[str, int] = {}
        self._counts_from: dict[str, int] = {}

    def rows(self, sources: Sequence[TimelineSource], counted: Sequence[TimelineSource]) -> Sequence[Found]:
        """Return one row more than the limit, if there are so many, the latest first, and count those of `counted`."""
        by_name = {source.name: source for source in (*sources, *counted)}
        try:
            found = self._execute(sources, counted)
        except Exception as error:
            if not self.partial:
                raise
            if isinstance(error, SQLAlchemyError):
                db.session.rollback()
            found = self._each_alone(by_name.values(), sources, counted)
        self._note_counts(row for row in found if row.id is None)
        rows = sorted((row for row in found if row.id is not None), key=lambda row: (row.at, row.id), reverse=True)
        return [(by_name[row.source], read_row(row)) for row in rows[: self.limit + 1]]

    def count_from(self, kind: str | None) -> int:
        """Return how many entries of a kind, or of all, there are from the position on."""
        return sum(count for name, count in self._counts_from.items() if kind in {None, name})

    def present(self, rows: Sequence[Found]) -> Sequence[TimelineEntry]:
        """Return the entries of rows; each source presents its own together."""
        texts: dict[UUID, TimelineText] = {}
        for _name, group in groupby(sorted(rows, key=lambda one: one[0].name), lambda one: one[0].name):
            found = list(group)
            source, own = found[0][0], [row for _source, row in found]
            presented = self._guard(source, source.present, own) or ()
            texts |= {row.id: text for row, text in zip(own, presented, strict=False)}
        return [TimelineEntry(source.kind, row, texts[row.id]) for source, row in rows if row.id in texts]

    def _execute(self, shown: Sequence[TimelineSource], counted: Sequence[TimelineSource]) -> Sequence[Row[Any]]:
        """Return the first rows of the shown sources, and a row without an id for each that is counted."""
        if not shown and not counted:
            return []
        statement = timeline_statement(shown, counted, from_position=self.after is not None)
        return db.session.execute(statement, values_of(self.subject_ids, self.limit + 1, self.after)).all()

    def _each_alone(
        self, sources: Iterable[TimelineSource], shown: Sequence[TimelineSource], counted: Sequence[TimelineSource]
    ) -> Sequence[Row[Any]]:
        """Return the rows of the sources that can be read, each by a statement of its own."""
        return [
            row
            for one in sources
            for row in self._guard(one, self._execute, [one] if one in shown else [], [one] if one in counted else [])
            or ()
        ]

    def _note_counts(self, rows: Iterable[Row[Any]]) -> None:
        kinds = {source.name: source.kind.name for source in _sources(None)}
        for row in rows:
            kind = kinds[row.source]
            self.counts[kind] = self.counts.get(kind, 0) + row.details["all"]
            self._counts_from[kind] = self._counts_from.get(kind, 0) + row.details["rest"]

    def _guard(self, source: TimelineSource, read: Callable[..., Result], *arguments: Any) -> Result | None:
        """Return what a source gives, or note that it failed."""
        try:
            return read(*arguments)
        except Exception as error:
            if not self.partial:
                raise
            _log.error(
                "timeline_failed source=%s error=%s frames=%s", source.name, error_name(error), traceback_summary(error)
            )
            self.failed.append(source)
            if isinstance(error, SQLAlchemyError):
                db.session.rollback()
            return None


def _sources(kind: str | None) -> Sequence[TimelineSource]:
    """Return the sources that the current actor may see, of one kind or of all."""
    every = (source for module in registered_modules() for source in module.get_timeline_sources())
    return [one for one in every if current_actor().has_permission(one.permission) and kind in {None, one.kind.name}]
