"""What modules contribute to a list of subjects: filters, and columns and flags of the shown rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select

Flag = tuple[str, str, str | None]
"""A short fact about a row: its text, tone and icon."""


@dataclass(frozen=True)
class SubjectSet:
    """The subjects whose ids a query selects, or all others."""

    ids: Select[Any]
    inside: bool = True

    def contains(self, subject_id: Any) -> ColumnElement[bool]:
        """Return the condition of a subject in the set.

        Of a small set SQLite reads the ids first (`IN`); for most subjects it looks for one row of each (`EXISTS`).
        """
        if self.inside:
            contained: ColumnElement[bool] = subject_id.in_(self.ids)
            return contained
        (column,) = self.ids.selected_columns
        return ~self.ids.where(column == subject_id).exists()


@dataclass(frozen=True)
class ListFilter:
    """A filter of a list: its choices by value, each with its label and the words that the list's heading gets.

    `subjects` returns those whom a value selects. Only actors with the permission may use it.
    """

    name: str
    label: str
    choices: Mapping[str, tuple[str, str]]
    permission: str
    subjects: Callable[[str], SubjectSet]
    unset: str = "Any"
    order: int = 50


@dataclass(frozen=True)
class ListColumn:
    """A column of a list with the texts of its cells by subject; a narrow screen can do without a `wide` one."""

    label: str
    cells: Mapping[UUID, str]
    numeric: bool = False
    wide: bool = False


@dataclass(frozen=True)
class ListBadges:
    """What a module knows about the shown subjects of a list, read for all of them together."""

    columns: Sequence[ListColumn] = ()
    flags: Mapping[UUID, Sequence[Flag]] = field(default_factory=dict)
