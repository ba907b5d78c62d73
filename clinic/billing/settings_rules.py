"""Rules of the settings of billing: bank details, numbers of invoices, payment terms."""

import re

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

DEFAULT_PATTERN = "INV-YYYY-#####"
CREDIT_NOTE_PATTERN = "CN-YYYY-#####"
"""The pattern of the numbers of credit notes; no setting changes it."""
LONGEST_PATTERN = 16
DEFAULT_PAYMENT_DAYS, MOST_PAYMENT_DAYS = 14, 365

BAD_IBAN = "Enter an IBAN with its country and check digits, like PT50 0002 0123 1234 5678 9015 4"
BAD_BIC = "Enter a BIC of 8 or 11 characters, like HARBPTPL"
BAD_PATTERN = "Enter a pattern with YYYY for the year and then 3 to 8 # for the number, like INV-YYYY-#####"
LIKE_CREDIT_NOTES = "Choose another beginning than CN: the numbers of credit notes begin so, like CN-2026-00001"

_PATTERN = re.compile(r"[A-XZ/.-]*YYYY[A-XZ/.-]+#{3,8}[A-XZ/.-]*")
"""Letters, but no digits beside those of the year and the number, so that one number never reads like another."""


def compact_iban(typed: str) -> str | None:
    """Return an IBAN without spaces, None if its check digits or its form are wrong (ISO 13616)."""
    try:
        return str(iban.validate(typed))
    except ValidationError:
        return None


def spaced_iban(compact: str) -> str:
    """Return an IBAN in groups of four, as it is printed."""
    return str(iban.format(compact))


def compact_bic(typed: str) -> str | None:
    """Return a BIC in capitals, None if it is none (ISO 9362)."""
    try:
        return str(bic.validate(typed))
    except ValidationError:
        return None


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern of invoice numbers."""
    return len(text) <= LONGEST_PATTERN and _PATTERN.fullmatch(text) is not None


def reads_like_credit_notes(pattern: str) -> bool:
    """Return whether numbers of invoices of a pattern could be mistaken for those of credit notes."""
    beginning, ours = (one.partition("YYYY")[0] for one in (pattern, CREDIT_NOTE_PATTERN))
    return _letters(beginning) == _letters(ours)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


def invoice_number(pattern: str, year: int, count: int) -> str:
    """Return the number of the n-th invoice of a year: `INV-2026-00318`."""
    digits = pattern.count("#")
    return pattern.replace("YYYY", f"{year:04d}").replace("#" * digits, f"{count:0{digits}d}")
