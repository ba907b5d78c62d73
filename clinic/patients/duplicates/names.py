"""Comparison of names: the same, swapped, with a further name, or sounding alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clinic.core.text import words

SAME_NAME, SAME_BUT_ACCENTS = "same-name", "same-name-but-accents"
NAMES_SWAPPED, OTHER_ORDER = "names-swapped", "other-order"
FURTHER_NAME, SOUNDS_ALIKE = "further-name", "sounds-alike"
SAME_GIVEN, SAME_FAMILY, OTHER_PERSON = "same-given", "same-family", "other-person"

POINTS = {
    SAME_NAME: 50,
    SAME_BUT_ACCENTS: 50,
    NAMES_SWAPPED: 46,
    OTHER_ORDER: 46,
    FURTHER_NAME: 44,
    SOUNDS_ALIKE: 42,
    SAME_FAMILY: 25,
    SAME_GIVEN: 7,
    OTHER_PERSON: 0,
}
"""Points of each result of a comparison."""

_SHORTEST_MISTYPED = 4
_SOUNDS = (
    (r"ph|v", "f"),
    (r"th|dt|d", "t"),
    (r"s?ch|sh|sz|cz|zh|ts|tz|z|x|ç", "s"),
    (r"c(?=[eiy])", "s"),
    (r"ck|qu|gu(?=[ei])|[cqg]", "k"),
    (r"w|b", "f"),
    (r"^[yj]", "j"),
    (r"(?<!^)[yj]", "i"),
    (r"h", ""),
    (r"(.)\1+", r"\1"),
    (r"(?<!^)[aeiou]", ""),
    (r"^[aeiou]", "a"),
    (r"(.)\1+", r"\1"),
)
_PATTERNS = tuple((re.compile(pattern), sound) for pattern, sound in _SOUNDS)


@dataclass(frozen=True)
class Name:
    """A name: the words of its family and its given part, folded for comparison, and the text as it is written."""

    family: tuple[str, ...]
    given: tuple[str, ...]
    text: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """All words of the name."""
        return self.family + self.given


def name_of(family: str | None, given: str | None) -> Name:
    """Return a name of its two parts."""
    text = f"{family or ''}, {given or ''}".casefold()
    return Name(tuple(words(family or "")), tuple(words(given or "")), text)


def sound_of(word: str) -> str:
    """Return the consonants by which a folded word sounds, the same for Meyer and Maier, Schmidt and Schmitt."""
    for pattern, sound in _PATTERNS:
        word = pattern.sub(sound, word)
    return word


def has_sound(word: str) -> bool:
    """Return whether a folded word has enough consonants to be recognised by them."""
    return len(sound_of(word)) > 1


def compare_names(one: Name, other: Name) -> str:
    """Return how two names are alike; those without a letter or digit are only if they are written the same."""
    if (one.family, one.given) == (other.family, other.given):
        different = SAME_BUT_ACCENTS if one.words else OTHER_PERSON
        return SAME_NAME if one.text == other.text else different
    if one.family and (one.family, one.given) == (other.given, other.family):
        return NAMES_SWAPPED
    if sorted(one.words) == sorted(other.words):
        return OTHER_ORDER
    if _all_alike(one.family, other.family) and _all_alike(one.given, other.given):
        return SOUNDS_ALIKE
    return FURTHER_NAME if _has_further_name(one, other) else _compare_parts(one, other)


def is_alike(one: str, other: str) -> bool:
    """Return whether two folded words are equal but for a typing error, sound alike, or one is the other's initial."""
    if one == other or 1 in (len(one), len(other)):
        return one[:1] == other[:1]
    mistyped = min(len(one), len(other)) >= _SHORTEST_MISTYPED and is_one_edit(one, other)
    return mistyped or (has_sound(one) and sound_of(one) == sound_of(other))


def is_one_edit(one: str, other: str) -> bool:
    """Return whether one character was added, dropped, replaced, or swapped with the next one."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    first, second = one[start:], other[start:]
    replaced, dropped, added = first[1:] == second[1:], first[1:] == second, first == second[1:]
    swapped = first[:2] == second[:2][::-1] and first[2:] == second[2:]
    return replaced or dropped or added or swapped


def _compare_parts(one: Name, other: Name) -> str:
    if _all_alike(one.given, other.given):
        return SAME_GIVEN
    if _all_alike(one.family, other.family) and not (one.given and other.given):
        return SAME_FAMILY
    return OTHER_PERSON


def _all_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two parts of a name have as many words, each like one of the other part."""
    return bool(one) and len(one) == len(other) and _are_among(one, other)


def _has_further_name(one: Name, other: Name) -> bool:
    """Return whether all words of one name, of which it has two or more, are like words of the other, longer one."""
    shorter, longer = sorted((one, other), key=lambda name: len(name.words))
    return len(shorter.words) > 1 and len(shorter.words) < len(longer.words) and _are_among(shorter.words, longer.words)


def _are_among(some: Sequence[str], those: Sequence[str]) -> bool:
    """Return whether each of some words is like another one of those."""
    left = list(those)
    for word in some:
        found = word if word in left else next((one for one in left if is_alike(word, one)), None)
        if found is None:
            return False
        left.remove(found)
    return True
