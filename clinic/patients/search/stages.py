"""Stages of a search, the best matches first: which range of the index is read, and what else a record must have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product

from clinic.core.text import is_cjk
from clinic.patients.search.terms import Form, Term
from clinic.patients.search.tokens import (
    BIRTH_DATE,
    EMAIL,
    IDENTIFIER,
    NAME,
    NUMBER,
    PAIR_LETTERS,
    ROMANISED,
    pair_range,
)

_NAMES = {NAME, ROMANISED}
_WHOLE_DATE, _LONG_NUMBER = len("b19910621"), 6
_LETTERS_IN_ONE = 4
"""Letters of an alphabet that are as telling as one sign of a script without spaces."""

_SPECIFIC = 2
"""Terms up to this breadth are had by so few patients that each of them is looked at."""


@dataclass(frozen=True)
class Branch:
    """A range of the index, read in its order, of tokens that contain a text.

    A record also has a form of each of `conditions`. `almost` is what was typed of the term in which a typing error is
    supposed.
    """

    range: Form
    conditions: tuple[tuple[Form, ...], ...] = ()
    contained: str = ""
    almost: str | None = None

    def first_token(self, tokens: Collection[str]) -> str | None:
        """Return the token under which a record stands in this branch, None if it does not."""
        if not all(any(form.matches(token) for form in forms for token in tokens) for forms in self.conditions):
            return None
        return min((token for token in tokens if self.range.matches(token) and self.contained in token), default=None)


def branches_of(terms: Sequence[Term]) -> list[Branch]:
    """Return the branches of a query without typing errors: none if a term can't be had by any record."""
    if not terms or not all(term.forms for term in terms):
        return []
    if len(terms) == 1:
        return [Branch(form) for form in terms[0].forms]
    driver = min(terms, key=_breadth)
    if _breadth(driver) > _SPECIFIC and (pairs := _pairs(terms)):
        needed = tuple(term.forms for term in terms)
        return [Branch(form, needed, contained) for form, contained in pairs]
    needed = tuple(term.forms for term in terms if term is not driver)
    return [Branch(form, needed) for form in driver.forms]


def branches_of_corrected(terms: Sequence[Term], position: int, words: Sequence[str]) -> list[Branch]:
    """Return the branches of a query in which the term at a position is one of similar words instead."""
    term = terms[position]
    corrected = replace(term, forms=tuple(Form(NAME + word, whole=True) for word in words))
    branches = branches_of([*terms[:position], corrected, *terms[position + 1 :]])
    return [replace(branch, almost=term.text) for branch in branches]


def _pairs(terms: Sequence[Term]) -> list[tuple[Form, str]]:
    """Return the ranges of the pair tokens of the two longest names of a query, and what these contain.

    There are none if there are not two names of enough letters. A romanised form may be shorter, and then be a whole
    word that is in no pair.
    """
    names = [term for term in terms if _is_long_name(term)]
    if len(names) < 2:  # noqa: PLR2004 - two make a pair
        return []
    both = sorted(names, key=lambda term: -len(term.text))[:2]
    ranges = dict.fromkeys(pair_range(one.token, other.token) for one, other in product(*(term.forms for term in both)))
    whole = [replace(form, whole=True) for term in both for form in term.forms if len(form.token) <= PAIR_LETTERS]
    return [(Form(beginning), contained) for beginning, contained in ranges] + [(form, "") for form in whole]


def _is_long_name(term: Term) -> bool:
    kinds = {form.kind for form in term.forms}
    return kinds <= _NAMES and all(len(form.token) > PAIR_LETTERS for form in term.of_kinds(NAME))


def _breadth(term: Term) -> int:
    """Return how many patients are likely to have a term, from 0 for one to 9 for many."""
    kinds = {form.kind for form in term.forms}
    if kinds == {EMAIL}:
        return 0
    if kinds == {BIRTH_DATE}:
        return 1 if all(len(form.token) == _WHOLE_DATE for form in term.forms) else 7
    if NUMBER in kinds:
        digits = sum(char.isdigit() for char in term.text)
        return 1 if digits >= _LONG_NUMBER or term.text[:1] in "pP" else 8 - min(digits, 5)
    if IDENTIFIER in kinds:
        return 2
    return max(3, 9 - (_LETTERS_IN_ONE if is_cjk(term.text) else 1) * len(term.text))
