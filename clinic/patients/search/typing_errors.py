"""Names with one typing error: a letter wrong, missing, doubled or too many, or two letters swapped.

Two words with one error between them share a variant with at most one letter left out (the "symmetric delete" method).
"""

from clinic.patients.search.folding import letters

SHORTEST_WORD = 4
"""Words with fewer letters have no variants: nearly all of them are one error apart."""

COMPARED = 8
"""Variants are of the first letters of a word only."""


def may_have_error(word: str) -> bool:
    """Return whether a word is long enough to be found in spite of a typing error."""
    return letters(word) >= SHORTEST_WORD


def variants(word: str) -> set[str]:
    """Return the beginning of a word, and what is left of it without each of its letters."""
    beginning = word[:COMPARED]
    return {beginning, *(beginning[:position] + beginning[position + 1 :] for position in range(len(beginning)))}


def is_one_error(typed: str, word: str) -> bool:
    """Return whether one typing error makes `typed` of a word."""
    if typed == word or abs(len(typed) - len(word)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), min(len(typed), len(word)))
    one, other = typed[start:], word[start:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return one[1:] == other[1:] or one[1:] == other or one == other[1:] or swapped
