"""Keyset pagination: a page starts after the last row of the one before, so that new rows shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.db import db

Row = TypeVar("Row")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the keys of the pages after and before them, None without such a page.

    `skipped` is how many rows came before them when the list was read from its beginning.
    """

    rows: Sequence[Row]
    next_key: tuple[Any, ...] | None
    previous_key: tuple[Any, ...] | None = None
    skipped: int = 0


def paginate(
    query: Select[Row],
    order: Sequence[InstrumentedAttribute[Any]],
    *,
    limit: int = DEFAULT_LIMIT,
    after: tuple[Any, ...] | None = None,
    descending: bool = False,
) -> Page[Row]:
    """Return at most `limit` rows after a sort key; the `order` columns of the rows must be unique together."""
    ordered = query.order_by(*(column.desc() if descending else column for column in order))
    if after is not None:
        key = tuple_(*order)
        last_key = tuple_(*after, types=[column.type for column in order])
        ordered = ordered.where(key < last_key if descending else key > last_key)
    found = db.session.scalars(ordered.limit(limit + 1)).all()
    rows = found[:limit]
    next_key = tuple(getattr(rows[-1], column.key) for column in order) if len(found) > limit else None
    return Page(rows, next_key)


def paginate_both_ways(
    query: Select[Row],
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    *,
    limit: int = DEFAULT_LIMIT,
    key: tuple[Any, ...] | None = None,
    descending: bool = False,
) -> Page[Row]:
    """Return the page of a key among the rows of some conditions; the `order` is never null, and ends with the id.

    Only the ids and what they are ordered by is sorted: an index that has both is read instead of whole rows.
    A key holds its direction, the number of rows before it, and the values of the row next to the page. None, or one
    of another shape, as a former version wrote, is that of the first page.
    """
    is_back, number, *place = key if key and len(key) == len(order) + 2 else (False, 0)
    is_reversed = descending != is_back
    ordering = [one.desc() if is_reversed else one for one in order]
    ids = select(order[-1]).where(*conditions).order_by(*ordering).limit(limit + 1)
    if place:
        here, last = tuple_(*order), tuple_(*place, types=[one.type for one in order])
        ids = ids.where(here < last if is_reversed else here > last)
    wanted: Select[Any] = query.add_columns(*order).where(order[-1].in_(ids)).order_by(*ordering)
    found = db.session.execute(wanted).all()
    shown = found[:limit][::-1] if is_back else found[:limit]
    if not shown:
        return Page([], None)
    has_more, skipped = len(found) > limit, max(number - len(shown), 0) if is_back else number
    has_next, has_previous = (True, has_more) if is_back else (has_more, bool(place))
    return Page(
        [row[0] for row in shown],
        (False, skipped + len(shown), *shown[-1][1:]) if has_next else None,
        (True, skipped, *shown[0][1:]) if has_previous else None,
        skipped,
    )
