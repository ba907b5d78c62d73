"""Why a record was found: the matched letters of its name, and what matched that a list does not show."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clinic.core.text import fold
from clinic.patients.search.folding import name_parts, name_words, romanised, spellings
from clinic.patients.search.terms import Form, Term
from clinic.patients.search.tokens import NAME, ROMANISED, SearchableTexts, tokens_of

_WORD = re.compile(r"[^\s,\-\u2010-\u2015]+")

Segment = tuple[str, bool]
"""A piece of a text, and whether it matches."""


@dataclass(frozen=True)
class Reason:
    """Something of a record that matched and is not in the list: a label, and the text with its matches."""

    label: str
    segments: Sequence[Segment]


def segments_of(text: str, terms: Iterable[Term]) -> list[Segment]:
    """Return a name in pieces, those that match a term marked."""
    forms = [form for term in terms for form in term.forms if form.kind in {NAME, ROMANISED}]
    found: list[Segment] = []
    at = 0
    for word in _WORD.finditer(text):
        if marked := _marked(word[0], forms):
            start, end = word.start() + marked[0], word.start() + marked[1]
            found += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [(piece, marks) for piece, marks in (*found, (text[at:], False)) if piece]


def reasons_of(
    terms: Sequence[Term], shown: SearchableTexts, hidden: Iterable[tuple[str, str, SearchableTexts]]
) -> list[Reason]:
    """Return what of the `hidden` texts, each with its label, matches the terms that nothing of the `shown` matches."""
    visible = tokens_of(shown)
    missing = [term for term in terms if not _has(visible, term)]
    return [
        Reason(label, segments_of(text, missing))
        for label, text, texts in hidden
        if any(_has(tokens_of(texts), term) for term in missing)
    ]


def _has(tokens: Iterable[str], term: Term) -> bool:
    return any(form.matches(token) for token in tokens for form in term.forms)


def _marked(word: str, forms: Iterable[Form]) -> tuple[int, int] | None:
    """Return where the letters of a word are that match a form: the most of them."""
    spans = [span for form in forms if (span := _span(word, form))]
    return max(spans, key=lambda span: span[1] - span[0], default=None)


def _span(word: str, form: Form) -> tuple[int, int] | None:
    wanted = form.token[1:]
    if form.kind == ROMANISED:
        latin = romanised("".join(name_words(word)))
        return (0, len(word)) if latin and latin.startswith(wanted) else None
    for start in (0, *(match.end() for match in re.finditer(r"\W", word) if name_parts(word))):
        for position, spelling in enumerate(_spellings(word[start:])):
            if spelling == wanted if form.whole else spelling.startswith(wanted):
                return start, start + _letters_for(word[start:], len(wanted), position)
    return None


def _letters_for(word: str, length: int, position: int) -> int:
    """Return how many letters of a word make so many of one of its spellings."""
    for count in range(1, len(word)):
        spelled = _spellings(word[:count])
        if len(spelled[min(position, len(spelled) - 1)]) >= length and not _continues(word[count]):
            return count
    return len(word)


def _continues(char: str) -> bool:
    """Return whether a character belongs to the letter before it."""
    return not fold(char).isalnum()


def _spellings(word: str) -> list[str]:
    return spellings("".join(name_words(word)))
