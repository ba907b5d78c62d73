"""What a module contributes to the timeline of a subject: queries of one form, and the texts of their rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, String, Uuid, cast, literal, null, select

SubjectIds = Sequence[UUID]
"""The ids of one subject: its own, and those of the records that were merged into it."""

Subjects = SubjectIds | BindParameter[Any]
"""The ids of a subject, or the parameter of a statement that takes them when it is executed."""


@dataclass(frozen=True)
class TimelineKind:
    """A kind of timeline entries, for the filter."""

    name: str
    label: str
    order: int


CHANGES = TimelineKind("changes", "Changes", 40)
"""Changes of the subject's own records, to which several modules contribute."""


@dataclass(frozen=True)
class TimelineRow:
    """A row of a source's query: what happened to which record, when and by whom."""

    at: datetime
    id: UUID
    action: str
    record: str
    record_id: UUID | None
    actor: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class ValueChange:
    """A changed value: the field with its label, and its stored values and their texts before and after."""

    field: str
    label: str
    before: Any
    after: Any
    before_text: str
    after_text: str


@dataclass(frozen=True)
class TimelineText:
    """An entry in words: the title is set off from the text; the note comes below.

    `link` is the label of a page, its endpoint and its arguments, which everybody may open who sees the entry.
    """

    title: str
    text: str = ""
    note: str = ""
    icon: str = "dot"
    tone: str = ""
    link: tuple[str, str, Mapping[str, Any]] | None = None
    changes: Sequence[ValueChange] = field(default_factory=tuple)


@dataclass(frozen=True)
class TimelineSource:
    """Records of one kind that happened to a subject, for actors who have the permission.

    `query` selects the rows of subjects as `timeline_rows` does, without order or limit. What it returns is kept and
    used again: it may depend on the current actor's permissions, but not on the current clinic: see `CURRENT_CLINIC`.
    `present` returns the texts of some rows, in the same order.
    """

    name: str
    kind: TimelineKind
    permission: str
    query: Callable[[Subjects], Select[Any]]
    present: Callable[[Sequence[TimelineRow]], Sequence[TimelineText]]


def timeline_rows(
    *,
    at: Any,
    id: Any,  # noqa: A002 - the column's name
    action: Any,
    record: Any,
    record_id: Any = None,
    actor: Any = None,
    details: Any,
) -> Select[Any]:
    """Select the columns of a timeline's rows; an action and a record given as texts are the same for all rows."""
    return select(
        at.label("at"),
        id.label("id"),
        _text(action).label("action"),
        _text(record).label("record"),
        (cast(null(), Uuid) if record_id is None else record_id).label("record_id"),
        (cast(null(), String) if actor is None else actor).label("actor"),
        details.label("details"),
    )


def _text(value: Any) -> ColumnElement[str]:
    return literal(value, String) if isinstance(value, str) else value
