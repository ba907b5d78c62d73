"""Keyset pagination: a page starts after the last row of the one before, so that new rows shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.db import db

Row = TypeVar("Row")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the sort key after which the next page starts, None on the last page."""

    rows: Sequence[Row]
    next_key: tuple[Any, ...] | None


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
