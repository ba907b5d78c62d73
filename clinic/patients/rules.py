"""Birth dates, record numbers and the values of a patient's sex."""

import re
from datetime import date

SEXES = ("female", "male", "other", "unknown")
LONGEST_LIFE = 130
_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)

NOT_A_DATE = "Date of birth must be a real date, like 27 3 1987"
NO_YEAR = "Enter the year of birth"
NO_MONTH = "Enter the month of birth, or leave out the day"
IN_THE_FUTURE = "Date of birth must be in the past"
TOO_LONG_AGO = f"Date of birth must be less than {LONGEST_LIFE} years ago"


def birth_date_problem(value: str, today: date) -> str | None:
    """Say what is the matter with `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as on a given day."""
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
    return TOO_LONG_AGO if today.year - earliest.year > LONGEST_LIFE else None


def medical_record_number(count: int) -> str:
    """Return the number that people read for the n-th patient of a clinic: `P-004907`."""
    return f"P-{count:06d}"


def sex_label(sex: str) -> str:
    """Return the sex recorded for care, as pages say it."""
    return "Not known" if sex == "unknown" else sex.capitalize()
