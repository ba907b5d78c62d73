"""Text in the form in which it is stored, and in the form in which a search compares it."""

import re
import unicodedata

_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_APOSTROPHE = re.compile("['’‘‛ʼʻʽʾʿʹ′ꞌ＇`´]")
_DIACRITIC = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # Latin, Greek, Cyrillic
    "\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]"  # Hebrew, Arabic
)
"""Marks that a search ignores; those of other scripts, like the vowel signs of Devanagari, belong to the letter."""

_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_BIDI_CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_INVISIBLE_MARKS = _BIDI_CONTROLS | dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\ufeff"))
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d\ufe0f"))
"""Spell Persian and Indic names and emoji, so that they are stored; a search ignores them."""

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def nfc(value: str) -> str:
    """Return text in Unicode's composed form (NFC), in which all text is stored."""
    return unicodedata.normalize("NFC", value)


def strip_bidi_controls(value: str) -> str:
    """Return text without the marks that embed, override or isolate a direction of writing."""
    return value.translate(_BIDI_CONTROLS)


def strip_invisible_marks(value: str) -> str:
    """Return a line without bidi controls, soft hyphens, zero-width spaces and byte order marks."""
    return value.translate(_INVISIBLE_MARKS)


def tidy_line(value: str) -> str:
    """Return a line as it is stored and looked up: composed, trimmed, without invisible marks."""
    return nfc(strip_invisible_marks(value)).strip()


def fold(value: str) -> str:
    """Return text folded for comparison: without case, accents and joiners; `ß` is `ss`, `ø` is `o`."""
    visible = strip_invisible_marks(value).translate(_JOINERS)
    plain = _decomposed(_decomposed(visible).translate(_UNDECOMPOSED))
    return nfc(_DIACRITIC.sub("", plain))


def words(value: str) -> list[str]:
    """Return the folded words of a text; apostrophes inside a name join its parts."""
    return split_words(fold(without_apostrophes(value)))


def split_words(value: str) -> list[str]:
    """Return the runs of letters with their combining marks, digits and underscores (cf. UAX #29, WB4 to WB13)."""
    return "".join(char if _is_part_of_word(char) else " " for char in value).split()


def without_apostrophes(value: str, *, instead: str = "") -> str:
    """Return a text without its apostrophes, okinas and ains, in whatever way they are typed."""
    return _APOSTROPHE.sub(instead, value)


def digits(value: str) -> str:
    """Return only the decimal digits of a text, as ASCII."""
    return "".join(str(unicodedata.decimal(char)) for char in value if unicodedata.decimal(char, None) is not None)


def is_cjk(value: str) -> bool:
    """Return whether a text is written in a script without spaces between names."""
    return bool(_CJK.search(value))


def is_storable(value: str) -> bool:
    """Return whether a text has no NUL, control character, bidi override or lone surrogate."""
    return not any(_is_harmful(char) for char in value)


def has_encoded_word(value: str) -> bool:
    """Return whether an encoded word of a mail header (RFC 2047) begins in a text."""
    return _ENCODED_WORD.search(value) is not None


def _decomposed(value: str) -> str:
    """Decompose compatibility characters and fold case, as for Unicode's caseless matching (Unicode, D146)."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())


def _is_part_of_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LMN"


def _is_harmful(char: str) -> bool:
    if char in "\n\t":
        return False
    return unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
