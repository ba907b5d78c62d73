"""Phone numbers as people write them, stored as RFC 3966 writes them without `tel:`: `+351912555014;ext=12`."""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from clinic.core.text import digits

MAX_PHONE = 50
_WRITTEN = re.compile(
    r"(?P<number>.+?)"
    r"(?:[\s,;(]*(?:;\s*ext=|,,|[#~]|extension|extensão|extensión|extn?|anexo|ramal|int|x|доб)[.:]?"
    r"\s*(?P<extension>\d{1,15})\)?)?",
    re.IGNORECASE,
)
_PUNCTUATION = frozenset("+＋()[]./")
_CATEGORIES = frozenset({"Nd", "Zs", "Pd"})
"""Categories of Unicode: decimal digits of any script, spaces and hyphens."""

_EXAMPLE = "+351 912 345 678"
"""Shown where the clinic's country is not known, or has no numbers of its own."""


def phone_number(value: str, country: str | None) -> str | None:
    """Return a phone number as it is stored, or None if there is no such number; without a code it is of `country`."""
    number = _parsed(value, country)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    stored = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{stored};ext={number.extension}" if number.extension else stored


def phone_number_message(country: str | None) -> str:
    """Return the error message for text that is not a phone number, with an example of the country's numbers."""
    return f"Enter a phone number with its country code, like {_example(country) or _EXAMPLE}"


def written_phone(stored: str) -> str:
    """Return a stored number as it is written for readers of any country: `+351 912 555 014 ext. 12`."""
    try:
        number = phonenumbers.parse(stored.partition(";")[0])
    except NumberParseException:
        return stored.replace(";ext=", " ext. ")
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    extension = stored.partition(";ext=")[2]
    return f"{written} ext. {extension}" if extension else written


def _parsed(value: str, country: str | None) -> PhoneNumber | None:
    """Parse a number and its extension; the number has no letters, which the library would read as digits."""
    written = _WRITTEN.fullmatch(value)
    if written is None or not all(_is_dialled(char) for char in written["number"]):
        return None
    try:
        number = phonenumbers.parse(written["number"], country)
    except NumberParseException:
        return None
    number.extension = digits(written["extension"] or "") or None
    return number


def _example(country: str | None) -> str | None:
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE) if country else None
    return phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL) if example else None


def _is_dialled(char: str) -> bool:
    return char in _PUNCTUATION or unicodedata.category(char) in _CATEGORIES
