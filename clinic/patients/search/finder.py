"""The reading of the search index: as many rows as a page shows, in the order of the matches."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clinic.core.db import db
from clinic.patients.search.queries import (
    RECENT,
    SIMILAR,
    Place,
    Rows,
    branch_query,
    one_statement,
    recent_query,
    similar_query,
)
from clinic.patients.search.stages import Branch, branches_of, branches_of_corrected
from clinic.patients.search.terms import Term
from clinic.patients.search.typing_errors import is_one_error, may_have_error

_MOST_SIMILAR = 5

Similar = Mapping[int, Sequence[str]]
"""By the position of a term in the query: the words that patients have and of which it is one typing error away."""


@dataclass(frozen=True)
class Hit:
    """A record that matches: its partition and key, its tokens, and the term with a typing error, if there is one."""

    partition: int
    place: Place
    tokens: frozenset[str]
    almost: str | None


class Finder:
    """The matches of a query in some partitions, in at most two statements, or a third for records that match twice.

    `similar` is what an earlier page found in the index, None if there was none.
    """

    def __init__(
        self, terms: Sequence[Term], partitions: Sequence[int], *, size: int, similar: Similar | None = None
    ) -> None:
        self.terms = terms
        self.partitions = partitions
        self.size = size
        self.similar = similar
        self.recent: list[Hit] = []
        self.branches = [(partition, branch) for partition in partitions for branch in branches_of(terms)]
        if similar:
            self._add_corrected(similar)

    def hits(self, after: Place | None = None, recent: Sequence[int] = ()) -> Iterator[Hit]:
        """Yield the matches after a place, the best first; those of `recent` keys are collected beside them, too.

        What stands in several branches is yielded in the first of them. The branches are read at once, and those that
        the page has not got from the first reading another time, without what stands in an earlier one.
        """
        numbers, reading = range(after.branch if after else 0, len(self.branches)), 0
        while numbers or reading == 0:
            rows = self._read(numbers, after, recent if reading == 0 else (), distinct=reading > 0)
            after, first_unread = None, max(numbers.start, numbers.stop)
            for number in numbers:
                yield from filter(None, (self._hit(number, row) for row in rows[number]))
                if len(rows[number]) == self.size:
                    last = rows[number][-1]
                    after, first_unread = Place(number, last.token, last.patient), number
                    break
            numbers, reading = range(first_unread, len(self.branches)), reading + 1

    def place_of(self, partition: int, patient: int, tokens: frozenset[str]) -> Place | None:
        """Return the first place of a record among the branches, None if it is in none of them."""
        for number, (of_partition, branch) in enumerate(self.branches):
            if of_partition == partition and (token := branch.first_token(tokens)):
                return Place(number, token, patient)
        return None

    def _hit(self, number: int, row: Any) -> Hit | None:
        """Return the match of a row, None if the record stands in an earlier place too."""
        partition, branch = self.branches[number]
        tokens = frozenset(row.tokens.split())
        place = Place(number, row.token, row.patient)
        if self.place_of(partition, row.patient, tokens) != place:
            return None
        return Hit(partition, place, tokens, branch.almost)

    def _recent_hit(self, row: Any) -> Hit | None:
        tokens = frozenset(row.tokens.split())
        place = self.place_of(self.partitions[0], row.patient, tokens)
        return Hit(self.partitions[0], place, tokens, None) if place else None

    def _read(
        self, numbers: range, after: Place | None, recent: Collection[int], *, distinct: bool
    ) -> Mapping[int, Sequence[Any]]:
        """Return rows by the number of their branch, in the order of the index; at first also learn similar words."""
        parts = [self._branch_query(number, after, distinct=distinct) for number in numbers]
        if recent:
            parts.append(recent_query(self.partitions[0], recent))
        if self.similar is None and (query := similar_query(self.terms, self.partitions)) is not None:
            parts.append(query)
        found: dict[int, list[Any]] = defaultdict(list)
        for row in db.session.execute(one_statement(parts)) if parts else ():
            found[row.branch].append(row)
        self.recent += filter(None, map(self._recent_hit, found.pop(RECENT, [])))
        if self.similar is None:
            self.similar = self._similar({row.token for row in found.pop(SIMILAR, [])})
            self._add_corrected(self.similar)
        for rows in found.values():
            rows.sort(key=lambda row: (row.token, row.patient))
        return found

    def _branch_query(self, number: int, after: Place | None, *, distinct: bool) -> Rows:
        partition, branch = self.branches[number]
        earlier: list[Branch] = []
        if distinct:
            earlier = [one for where, one in self.branches[:number] if where == partition and not one.contained]
        later = after if after and after.branch == number else None
        return branch_query(number, partition, branch, self.size, after=later, but=earlier)

    def _similar(self, words: Collection[str]) -> Similar:
        near = {position: _near(term, words) for position, term in enumerate(self.terms)}
        return {position: found for position, found in near.items() if found}

    def _add_corrected(self, similar: Similar) -> None:
        """Add the branches of words with one typing error."""
        for partition in self.partitions:
            for position, words in similar.items():
                if position < len(self.terms):
                    corrected = branches_of_corrected(self.terms, position, words)
                    self.branches += [(partition, branch) for branch in corrected]


def _near(term: Term, words: Collection[str]) -> Sequence[str]:
    """Return the words of which a term is one typing error away; the first letter is seldom wrong."""
    word = term.word
    if word is None or not may_have_error(word):
        return []
    near = {other for other in words if is_one_error(word, other) and not other.startswith(word)}
    return sorted(near, key=lambda other: (other[0] != word[0], other))[:_MOST_SIMILAR]
