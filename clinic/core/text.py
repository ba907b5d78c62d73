"""Text in the form in which it is stored, and in the form in which a search compares it."""

import re
import unicodedata

_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_WORD = re.compile(r"\w+", re.UNICODE)
_APOSTROPHE = re.compile("['’ʼ`´]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def nfc(value: str) -> str:
    """Return text in Unicode's composed form (NFC), in which all text is stored."""
    return unicodedata.normalize("NFC", value)


def fold(value: str) -> str:
    """Return text folded for comparison: without case, accents and marks; `ß` is `ss`, `ø` is `o`."""
    plain = _decomposed(_decomposed(value).translate(_UNDECOMPOSED))
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return nfc(kept)


def words(value: str) -> list[str]:
    """Return the folded words of a text; apostrophes inside a name join its parts."""
    return _WORD.findall(fold(_APOSTROPHE.sub("", value)))


def digits(value: str) -> str:
    """Return only the decimal digits of a text, as ASCII."""
    return "".join(str(unicodedata.decimal(char)) for char in value if unicodedata.decimal(char, None) is not None)


def is_cjk(value: str) -> bool:
    """Return whether a text is written in a script without spaces between names."""
    return bool(_CJK.search(value))


def is_storable(value: str) -> bool:
    """Return whether a text has no NUL, control character, bidi override or lone surrogate."""
    return not any(_is_harmful(char) for char in value)


def _decomposed(value: str) -> str:
    """Decompose compatibility characters and fold case, as for Unicode's caseless matching (D146)."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())


def _is_harmful(char: str) -> bool:
    if char in "\n\t":
        return False
    return unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
