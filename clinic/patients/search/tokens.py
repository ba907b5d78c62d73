"""Tokens of a record: its searchable texts in the form in which the index holds them.

The first character of a token is its kind. A record has each token once; a space can't be in one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from clinic.core.text import digits, fold, is_cjk, is_storable, split_words
from clinic.patients.phone_numbers import indexed_forms, national_digits
from clinic.patients.search.folding import name_parts, name_words, romanised, spellings

NUMBER, NAME, ROMANISED, BIRTH_DATE = "m", "n", "r", "b"
PAIR, ROMANISED_PAIR = "w", "x"
PHONE, PHONE_END, EMAIL, IDENTIFIER = "p", "e", "a", "i"

CONTACT_KINDS = frozenset((PHONE, PHONE_END, EMAIL))
"""Kinds that are searched only for actors who may see contact details: they could be guessed digit by digit."""

LONGEST_TOKEN = 60
PAIR_LETTERS = 3
"""Letters of each of two words with which a pair token begins."""

BETWEEN = "!"
"""What stands between the rests of two words in a pair token: no word has it, and it is less than all letters."""

_LONGEST_IN_PAIR = 28
"""Letters of each of two words that a pair token holds."""

SHORTEST_PHONE_END = 4


@dataclass(frozen=True)
class SearchableTexts:
    """All texts of a patient by which the record is found; `names` contain former and preferred ones."""

    family_name: str | None = None
    given_name: str | None = None
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


def tokens_of(texts: SearchableTexts) -> frozenset[str]:
    """Return the tokens of a record."""
    found = {
        *_name_tokens(texts),
        *(NUMBER + number for text in texts.numbers if (number := digits(text).lstrip("0"))),
        *(BIRTH_DATE + digits(date) for date in texts.birth_dates),
        *(EMAIL + "".join(fold(email).split()) for email in texts.emails),
        *(token for phone in texts.phones for token in _phone_tokens(phone)),
        *(IDENTIFIER + code for text in texts.identifiers if (code := "".join(split_words(fold(text))))),
    }
    return frozenset(token[:LONGEST_TOKEN] for token in found if is_storable(token))


def words_of(tokens: Iterable[str]) -> set[str]:
    """Return the name words among tokens."""
    return {token[1:] for token in tokens if token[0] == NAME}


def pair_token(one: str, other: str) -> str:
    """Return the token of records that have two words, given as their tokens: the beginnings, then the rest of each.

    Whole words come before what begins so: the token of `ana` and `sil` before that of `ana` and `silva`.
    """
    first, second = sorted((one[1:], other[1:]))
    return (
        f"{_pair_kind(one, other)}{first[:PAIR_LETTERS]}{second[:PAIR_LETTERS]}"
        f"{first[PAIR_LETTERS:_LONGEST_IN_PAIR]}{BETWEEN}{second[PAIR_LETTERS:_LONGEST_IN_PAIR]}"
    )


def pair_range(one: str, other: str) -> tuple[str, str]:
    """Return how the pair tokens begin of records with two tokens that begin so, and what they contain."""
    first, second = sorted((one[1:], other[1:]))
    beginning, other_beginning = first[:PAIR_LETTERS], second[:PAIR_LETTERS]
    kind = _pair_kind(one, other)
    if other_beginning.startswith(beginning):  # the words may stand in either order
        return kind + beginning + (other_beginning if len(beginning) == PAIR_LETTERS else ""), ""
    if len(beginning) < PAIR_LETTERS:
        return kind + beginning, other_beginning
    if len(other_beginning) < PAIR_LETTERS:
        return kind + beginning + other_beginning, ""
    rest = second[PAIR_LETTERS:_LONGEST_IN_PAIR]
    return kind + beginning + other_beginning + first[PAIR_LETTERS:_LONGEST_IN_PAIR], BETWEEN + rest if rest else ""


def _pair_kind(one: str, other: str) -> str:
    return ROMANISED_PAIR if ROMANISED in {one[0], other[0]} else PAIR


def _name_tokens(texts: SearchableTexts) -> set[str]:
    names = [name for name in (texts.family_name, texts.given_name, *texts.names) if name]
    words = {word for name in names for word in (*name_words(name), *name_parts(name))}
    found = {NAME + spelling for word in words for spelling in spellings(word)}
    found |= {ROMANISED + latin for word in words if (latin := romanised(word))}
    found |= {NAME + joined for name in names if (joined := _joined(name))}
    whole = fold("".join(part for part in (texts.family_name, texts.given_name) if part))
    if is_cjk(whole):
        found.add(NAME + "".join(split_words(whole)))
    return found | pair_tokens(found)


def _joined(name: str) -> str | None:
    """Return a name of two words with a hyphen as one word: al-Rashid is found as alrashid too."""
    words = name_words(name)
    return fold("".join(words)) if len(words) == 2 and "-" in name else None  # noqa: PLR2004


def pair_tokens(tokens: Iterable[str]) -> set[str]:
    """Return the pair tokens of all tokens of names."""
    words = {token[1:]: token for token in sorted(tokens, reverse=True) if len(token) > PAIR_LETTERS}
    return {pair_token(one, other) for one, other in combinations(words.values(), 2)}


def _phone_tokens(phone: str) -> set[str]:
    end = national_digits(phone)[::-1]
    return {PHONE + form for form in indexed_forms(phone)} | {PHONE_END + end}
