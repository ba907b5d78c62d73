"""An index of spans, which finds those that overlap another span without looking at all."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from operator import itemgetter
from typing import Generic, TypeVar

Item = TypeVar("Item")


class SpanIndex(Generic[Item]):
    """Items by their start and end, which is excluded; they may overlap each other."""

    def __init__(self, entries: Iterable[tuple[datetime, datetime, Item]]) -> None:
        self._entries = sorted(entries, key=itemgetter(0))
        self._starts = [starts_at for starts_at, _, _ in self._entries]
        self._latest_ends = list(accumulate((ends_at for _, ends_at, _ in self._entries), max))

    def __iter__(self) -> Iterator[Item]:
        return (item for _, _, item in self._entries)

    def during(self, starts_at: datetime, ends_at: datetime) -> list[Item]:
        """Return the items that overlap a span, in order of their starts."""
        first = bisect_right(self._latest_ends, starts_at)
        last = bisect_left(self._starts, ends_at)
        return [item for _, until, item in self._entries[first:last] if until > starts_at]
