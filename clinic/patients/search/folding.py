"""Spellings of a name by which it is found: without accents, written out, and in Latin letters."""

import unicodedata

from anyascii import anyascii

from clinic.core.text import fold, nfc, split_words, strip_invisible_marks, without_apostrophes

_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "đ": "dj"})

_GREEK = (
    *(("γγ", "ng"), ("γκ", "gk"), ("γξ", "nx"), ("γχ", "nch"), ("μπ", "b"), ("ου", "u")),
    *(("αυ", "av"), ("ευ", "ev"), ("ηυ", "iv"), ("χ", "ch"), ("η", "i"), ("υ", "y"), ("ξ", "x"), ("ψ", "ps")),
)
"""Where ELOT 743 differs from letters taken one by one."""

_LOOSE = (
    *(("shch", "sh"), ("sch", "sh"), ("zh", "z"), ("kh", "h"), ("ch", "h"), ("ph", "f"), ("x", "ks"), ("mp", "b")),
    *(("tz", "ts"), ("cz", "ts"), ("c", "k"), ("q", "k"), ("w", "v"), ("ou", "u"), ("j", "i"), ("y", "i")),
    *(("ie", "e"), ("iio", "io")),
)
"""Letters for the same sound in the usual romanisations (ISO 9, BGN/PCGN, ELOT 743, German, French)."""


def name_words(name: str) -> list[str]:
    """Return the words of a name in lower case, with their accents; apostrophes join the parts of a word."""
    return split_words(_visible(without_apostrophes(name)))


def name_parts(name: str) -> list[str]:
    """Return the words between which a name has an apostrophe: D'Almeida is found as almeida too."""
    spaced = without_apostrophes(name, instead=" ")
    return split_words(_visible(spaced)) if spaced != name else []


def spellings(word: str) -> list[str]:
    """Return a word without accents, and with its umlauts written out if it has any: muller, mueller."""
    return list(dict.fromkeys((fold(word), fold(word.translate(_WRITTEN_OUT)))))


def romanised(word: str) -> str | None:
    """Return the loose form of a word of another script in Latin letters, None if it is in Latin letters."""
    folded = fold(word)
    if folded.isascii():
        return None
    latin = _latin_letters(folded)
    return loose(latin) if latin else None


def latin_spelling(word: str) -> str | None:
    """Return a word of another script in Latin letters as it would be registered, None if it is in Latin letters."""
    folded = fold(word)
    return None if folded.isascii() else _latin_letters(folded)


def loose(word: str) -> str:
    """Return an ASCII word as all romanisations of a name have it: daria for Darya, Daria and Darja."""
    for written, sound in _LOOSE:
        word = word.replace(written, sound)
    return word.replace("ii", "i")


def letters(word: str) -> int:
    """Return the number of letters of a word, in which a combining mark is a part of its letter; 0 with other signs."""
    categories = [unicodedata.category(char)[0] for char in word]
    return categories.count("L") if {*categories} <= {"L", "M"} else 0


def _visible(name: str) -> str:
    return nfc(nfc(strip_invisible_marks(name)).casefold()).replace("\u200c", "").replace("\u200d", "")


def _latin_letters(folded: str) -> str | None:
    for written, sound in _GREEK:
        folded = folded.replace(written, sound)
    latin = "".join(char for char in anyascii(folded).lower() if char.isascii() and char.isalnum())
    return latin or None
