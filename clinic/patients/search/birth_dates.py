"""Birth dates as they are typed into a search, in the order and with the month names of the clinic's locale."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_date_format

from clinic.core.text import fold
from clinic.patients.rules import LONGEST_LIFE

_SEPARATED = r"\s*[./\u2010-\u2015\u2212-]\s*|\s+"
_GAP = rf"(?:{_SEPARATED}|,\s*|\.\s+)"
_NUMERIC = re.compile(rf"(?<![\w+])(\d{{1,4}})({_SEPARATED})(\d{{1,2}})(?:\2|\.\s)(\d{{1,4}})(?![\w./-])")
_MONTH_AND_YEAR = re.compile(r"(?<![\w./-])(?:(\d{1,2})[/.-](\d{4})|(\d{4})[/.-](\d{1,2}))(?![\w./-])")
_COMPACT = re.compile(r"(?<![\w+-])(\d{8}|\d{6})(?![\w-])")
_MONTHS_OF_EVERY_LOCALE = "en"


@dataclass(frozen=True)
class TypedDate:
    """A date in a text: where it stands, and what it can mean, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""

    start: int
    end: int
    values: tuple[str, ...]


def find_dates(text: str, locale: str, today: date) -> Iterator[TypedDate]:
    """Find dates with a year in a text; digits alone are one only if they can be nothing else that is typed so."""
    taken: list[TypedDate] = []
    for finder in (_written_dates, _numeric_dates, _months):
        for found in finder(text, locale, today):
            if found.values and not any(one.start < found.end and found.start < one.end for one in taken):
                taken.append(found)
    yield from sorted(taken, key=lambda one: one.start)


def dates_of_digits(digits: str, locale: str, today: date) -> list[str]:
    """Return the dates that 4, 6 or 8 digits can mean: a year, a year and a month, or a whole date."""
    match len(digits):
        case 4:
            return [digits] if _is_year(int(digits), today) else []
        case 6:
            return [*_joined(digits[:4], digits[4:], None, today), *_ordered(_cut(digits, 2), locale, today)]
        case 8:
            return list(dict.fromkeys([*_iso(digits, today), *_ordered(_cut(digits, 4), locale, today)]))
        case _:
            return []


def _written_dates(text: str, locale: str, today: date) -> Iterator[TypedDate]:
    """Find dates with the name of their month: `21-Jun-1991`, `Jun 21, 1991`, `21 de junho de 1991`, `June 1991`."""
    names = _months_by_name(locale)
    name = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    of = r"(?:de\s+|of\s+|d'|el\s+)?"
    pattern = (
        rf"(?<!\w)(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|º|er)?{_GAP}{of})?(?P<month>{name})\.?"
        rf"(?:{_GAP}(?P<late>\d{{1,2}})(?:st|nd|rd|th)?)?{_GAP}{of}(?P<year>\d{{4}}|(?(day)\d{{2}}|(?(late)\d{{2}}|(?!))))(?!\w)"
    )
    for match in re.finditer(pattern, _same_length_folded(text)):
        day = match["day"] or match["late"]
        years = _years(match["year"], today)
        values = [value for year in years for value in _joined(year, str(names[match["month"]]), day, today)]
        yield TypedDate(match.start(), match.end(), tuple(values))


def _numeric_dates(text: str, locale: str, today: date) -> Iterator[TypedDate]:
    for match in _NUMERIC.finditer(text):
        parts = (match[1], match[3], match[4])
        yield TypedDate(match.start(), match.end(), tuple(_ordered(parts, locale, today)))


def _months(text: str, _locale: str, today: date) -> Iterator[TypedDate]:
    for match in _MONTH_AND_YEAR.finditer(text):
        year, month = (match[2], match[1]) if match[2] else (match[3], match[4])
        yield TypedDate(match.start(), match.end(), tuple(_joined(year, month, None, today)))


def _ordered(parts: tuple[str, str, str], locale: str, today: date) -> list[str]:
    """Return what three numbers mean in the order of a locale, else in the only order that makes a date."""
    if len(parts[0]) > 2:  # noqa: PLR2004 - a year
        return _joined(*parts, today)
    first, second, year = parts
    orders = ((second, first), (first, second)) if not _month_first(locale) else ((first, second), (second, first))
    for month, day in orders:
        if values := [value for one in _years(year, today) for value in _joined(one, month, day, today)]:
            return values
    return []


def _joined(year: str, month: str, day: str | None, today: date) -> list[str]:
    """Return a date, or a year and a month, in a list; an empty one if there is no such date in a lifetime."""
    try:
        first = date(int(year), int(month), int(day or 1))
    except ValueError:
        return []
    if not _is_year(first.year, today):
        return []
    return [f"{first:%Y-%m-%d}" if day else f"{first:%Y-%m}"]


def _iso(digits: str, today: date) -> list[str]:
    return _joined(digits[:4], digits[4:6], digits[6:], today)


def _cut(digits: str, length_of_year: int) -> tuple[str, str, str]:
    return digits[:2], digits[2:4], digits[4 : 4 + length_of_year]


def _years(typed: str, today: date) -> list[str]:
    """Return the years that two or four digits can mean, the latest first."""
    if len(typed) == 4:  # noqa: PLR2004 - a whole year
        return [typed]
    if len(typed) != 2:  # noqa: PLR2004 - a year without its century
        return []
    centuries = (today.year // 100, today.year // 100 - 1)
    return [f"{century}{typed}" for century in centuries if _is_year(int(f"{century}{typed}"), today)]


def _is_year(year: int, today: date) -> bool:
    return today.year - LONGEST_LIFE <= year <= today.year


@cache
def _month_first(locale: str) -> bool:
    pattern = get_date_format("short", locale=_parsed(locale)).pattern
    return pattern.find("M") < pattern.find("d")


@cache
def _months_by_name(locale: str) -> dict[str, int]:
    """Return the months by their folded names and abbreviations, in English and in the locale's language."""
    found: dict[str, int] = {}
    for language in (_parsed(_MONTHS_OF_EVERY_LOCALE), _parsed(locale)):
        for context in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                months = language.months[context][width]
                found |= {fold(str(name)).rstrip("."): int(number) for number, name in months.items()}
    return {name: number for name, number in found.items() if not name.isdigit()}


def _parsed(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="_" if "_" in locale else "-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def _same_length_folded(text: str) -> str:
    """Fold each letter that stays one letter, so that positions in the result are those in the text."""
    return "".join(folded if len(folded := fold(char)) == 1 else char.lower()[:1] for char in text)
