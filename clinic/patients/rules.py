"""Rules for birth dates, record numbers, sexes and languages of patients."""

import re
from datetime import date

from babel import Locale, UnknownLocaleError

LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hi", "hr", "hu", "it", "lt", "lv"),
    *("ne", "nl", "nb", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "zh"),
)
"""Languages that the form of a patient offers (BCP 47); the API takes others too."""

SEXES = ("female", "male", "other", "unknown")
ACTIVE, ARCHIVED, MERGED = "active", "archived", "merged"
RECORD_STATES = (ACTIVE, ARCHIVED)
"""States of a record; an archived one is in no list or search unless asked for."""

LONGEST_LIFE = 130
ADULT_AGE = 18
"""Years; younger people are minors."""

_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)

_RECORD_NUMBER = re.compile(r"(?:P-?)?0*([1-9][0-9]{0,8})", re.ASCII | re.IGNORECASE)

NOT_A_DATE = "Date of birth must be a real date, like 27 3 1987"
NO_YEAR = "Enter the year of birth"
NO_MONTH = "Enter the month of birth, or leave out the day"
IN_THE_FUTURE = "Date of birth must be in the past"
BIRTH_DATE_OR_AGE = "Enter the date of birth or an age, not both"
BEFORE_BIRTH = "Enter a day after the date of birth"
TOO_LONG_AGO = f"Date of birth must be less than {LONGEST_LIFE} years ago"


def birth_date_problem(value: str, today: date) -> str | None:
    """Return the error of a birth date `YYYY`, `YYYY-MM` or `YYYY-MM-DD` on a given day, None if it is valid."""
    match = _BIRTH_DATE.fullmatch(value)
    if match is None:
        return NO_YEAR if value.startswith("-") else NOT_A_DATE
    if match[2] == "00" and match[3]:
        return NO_MONTH
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        earliest = date(year or 0, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return NOT_A_DATE
    if earliest > today:
        return IN_THE_FUTURE
    limit = (today.year - LONGEST_LIFE, today.month, today.day)
    latest = (earliest.year, month or 12, day or 31)
    return TOO_LONG_AGO if latest <= limit else None


def is_minor(birth_date: str | None, today: date, *, age: int | None = None, age_on: date | None = None) -> bool:
    """Return whether a person may be under 18 by what is known: a birth date, maybe partial, or an age on a day.

    Of a partial birth date, the latest possible one counts. If nothing is known, the person counts as of age.
    """
    if birth_date:
        return _age(*_latest_birthday(birth_date), today) < ADULT_AGE
    if age is None or age_on is None:
        return False
    return current_age(age, age_on, today) < ADULT_AGE


def current_age(age: int, age_on: date, today: date) -> int:
    """Return the least age of a person who had an age on an earlier day."""
    return age + max(0, _age(age_on.year, age_on.month, age_on.day, today))


def _latest_birthday(birth_date: str) -> tuple[int, int, int]:
    """Return year, month and day of the latest day that a birth date `YYYY`, `YYYY-MM` or `YYYY-MM-DD` allows."""
    year, month, day = [*map(int, birth_date.split("-")), 0, 0][:3]
    return year, month or 12, day or 31


def _age(year: int, month: int, day: int, today: date) -> int:
    """Return the whole years from a day to today."""
    return today.year - year - ((today.month, today.day) < (month, day))


def parse_record_number(text: str) -> str | None:
    """Return the medical record number of `49`, `p-49` or `P-000049`, None if a text is none."""
    match = _RECORD_NUMBER.fullmatch(text.strip())
    return medical_record_number(int(match[1])) if match else None


def medical_record_number(count: int) -> str:
    """Return the medical record number of the n-th patient of a clinic: `P-004907`."""
    return f"P-{count:06d}"


def death_problem(day: date, birth_date: str | None, today: date) -> str | None:
    """Return the error of a day of death, None if it is possible; of a birth date its earliest day counts."""
    if day > today:
        return "Enter a day that is not in the future"
    return BEFORE_BIRTH if birth_date and day.isoformat() < birth_date else None


def sex_label(sex: str) -> str:
    """Return the label of a sex recorded for care."""
    return "Not known" if sex == "unknown" else sex.capitalize()


def language_label(tag: str) -> str:
    """Return the English name of a language of BCP 47, or the tag itself if it has none."""
    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or tag
    except (ValueError, UnknownLocaleError):
        return tag
