"""Terms of a query: each is something that the record must have, in one of several forms of the index."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from clinic.core.phone_numbers import phone_number
from clinic.core.text import digits, fold, is_storable, split_words, tidy_line
from clinic.patients.phone_numbers import dialled_as
from clinic.patients.search.birth_dates import TypedDate, dates_of_digits, find_dates
from clinic.patients.search.folding import latin_spelling, loose, name_words, spellings
from clinic.patients.search.tokens import (
    BIRTH_DATE,
    CONTACT_KINDS,
    EMAIL,
    IDENTIFIER,
    LONGEST_TOKEN,
    NAME,
    NUMBER,
    PHONE,
    PHONE_END,
    ROMANISED,
    SHORTEST_PHONE_END,
)

MOST_TERMS = 8
SHORTEST_PHONE_START, SHORTEST_IDENTIFIER = 3, 3
_RECORD_NUMBER = re.compile(r"p-?(\d+)", re.IGNORECASE)
_NUMERIC = re.compile(r"[+＋\d().\-/\u2010-\u2015\u2212]*\d[+＋\d().\-/\u2010-\u2015\u2212]*|[()+]")
_PADDED = 6
"""Digits of a record number with its zeros, which is typed in full."""

_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Form:
    """A token that a record must have, or only its beginning."""

    token: str
    whole: bool = False

    @property
    def kind(self) -> str:
        """The kind of the tokens."""
        return self.token[0]

    @property
    def end(self) -> str:
        """The exclusive upper bound, compared by bytes, of all tokens that begin so."""
        return self.token + _LAST

    @property
    def inside(self) -> str:
        """How it stands in the tokens of a record joined by spaces."""
        return f" {self.token} " if self.whole else f" {self.token}"

    def matches(self, token: str) -> bool:
        """Return whether a token is one of this form."""
        return token == self.token if self.whole else token.startswith(self.token)


@dataclass(frozen=True)
class Term:
    """A part of a query as it was typed, with the forms of which a record must have one, the best first.

    `word` is the folded word of a name.
    """

    text: str
    forms: tuple[Form, ...]
    word: str | None = None
    dates: tuple[str, ...] = ()

    def of_kinds(self, *kinds: str) -> tuple[Form, ...]:
        """Return the forms of some kinds."""
        return tuple(form for form in self.forms if form.kind in kinds)


@dataclass(frozen=True)
class Reading:
    """What decides how a query is read: the clinic's country and locale, its date, and who may see contact details."""

    country: str | None
    locale: str
    today: date
    contact: bool


def terms_of(query: str, reading: Reading) -> list[Term]:
    """Return the terms of a query, none if it can't be one of a stored text."""
    text = tidy_line(query)
    if not is_storable(text):
        return []
    terms = [_permitted(term, reading) for term in _read(text, reading)]
    return terms[:MOST_TERMS]


def _read(text: str, reading: Reading) -> Iterator[Term]:
    dates = [*find_dates(text, reading.locale, reading.today)]
    if not dates and (phone := phone_number(text, reading.country)):
        forms = (_form(PHONE + digits(phone)), *_number_forms(digits(text), reading))
        yield Term(text, tuple(dict.fromkeys(forms)))
        return
    at = 0
    for found in dates:
        yield from _terms_between(text[at : found.start], reading)
        yield _date_term(text[found.start : found.end], found, reading)
        at = found.end
    yield from _terms_between(text[at:], reading)


def _date_term(text: str, found: TypedDate, reading: Reading) -> Term:
    """Return the term of a date; groups of digits with spaces between may be a phone number too."""
    forms = tuple(_form(BIRTH_DATE + digits(value)) for value in found.values)
    if text.replace(" ", "").isdecimal():
        forms += _number_forms(digits(text), reading)
    return Term(text, tuple(dict.fromkeys(forms)), dates=found.values)


def _terms_between(text: str, reading: Reading) -> Iterator[Term]:
    """Return the terms of a text without dates; numbers that follow each other are one, typed in groups."""
    numbers: list[str] = []
    for part in (*text.split(), None):
        if part is not None and _NUMERIC.fullmatch(part):
            numbers.append(part)
            continue
        for group in _without_year(numbers, reading):
            if typed := digits(" ".join(group)):
                yield _number_term(" ".join(group), typed, reading)
        numbers = []
        if part is not None:
            yield from _terms_of_part(part, reading)


def _without_year(numbers: list[str], reading: Reading) -> list[list[str]]:
    """Return groups of digits, without a year before or behind them, which is a term of its own."""
    if len(numbers) > 1:
        for year, others in ((numbers[-1:], numbers[:-1]), (numbers[:1], numbers[1:])):
            if len(year[0]) == 4 and dates_of_digits(year[0], reading.locale, reading.today):  # noqa: PLR2004 - a year
                return [others, year]
    return [numbers] if numbers else []


def _number_term(text: str, typed: str, reading: Reading) -> Term:
    dates = tuple(dates_of_digits(typed, reading.locale, reading.today))
    return Term(text, _number_forms(typed, reading), dates=dates)


def _terms_of_part(part: str, reading: Reading) -> Iterator[Term]:
    if "@" in part:
        yield Term(part, (_form(EMAIL + fold(part)),))
    elif match := _RECORD_NUMBER.fullmatch(part):
        yield Term(part, (*_record_forms(digits(match[1])), _form(NAME + fold(part))))
    else:
        for word in name_words(part):
            yield _number_term(word, digits(word), reading) if word.isdecimal() else _word_term(word, part)


def _word_term(word: str, part: str) -> Term:
    """Return the term of a part of a name, or of an identifier if it has digits."""
    folded = fold(word)
    forms = [_form(NAME + spelling) for spelling in spellings(word)]
    if folded.isascii():
        forms.append(_form(ROMANISED + loose(folded)))
    elif latin := latin_spelling(word):
        forms.append(_form(NAME + latin))
    code = "".join(split_words(fold(part)))
    if any(char.isdigit() for char in code) and len(code) >= SHORTEST_IDENTIFIER:
        forms.append(_form(IDENTIFIER + code))
    return Term(word, tuple(dict.fromkeys(forms)), word=folded)


def _number_forms(typed: str, reading: Reading) -> tuple[Form, ...]:
    """Return what digits can be: a record number, a name, a birth date, an identifier, either end of a phone number."""
    forms = [*_record_forms(typed)]
    if len(typed) >= SHORTEST_IDENTIFIER:
        forms.append(_form(IDENTIFIER + typed))
    forms += [_form(BIRTH_DATE + digits(one)) for one in dates_of_digits(typed, reading.locale, reading.today)]
    if len(typed) >= SHORTEST_PHONE_START:
        forms += [_form(PHONE + one) for one in dialled_as(typed, reading.country)]
    if len(typed) >= SHORTEST_PHONE_END:
        forms.append(_form(PHONE_END + typed[::-1]))
    return (*forms, _form(NAME + typed))


def _record_forms(typed: str) -> tuple[Form, ...]:
    """Return the record number of digits; one with its zeros is typed in full, any other may be its beginning."""
    number = typed.lstrip("0")
    padded = len(typed) >= _PADDED and typed.startswith("0")
    return (_form(NUMBER + number, whole=padded),) if number else ()


def _form(token: str, *, whole: bool = False) -> Form:
    return Form(token[:LONGEST_TOKEN], whole)


def _permitted(term: Term, reading: Reading) -> Term:
    if reading.contact:
        return term
    forms = tuple(form for form in term.forms if form.kind not in CONTACT_KINDS)
    return Term(term.text, forms, term.word, term.dates)
