"""Public holidays of a country and its parts, from the tables of the package `holidays`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TypeGuard

import holidays

PUBLIC, OPTIONAL = "public", "optional"
FIRST_YEAR, LAST_YEAR = 2000, 2100
_ENGLISH = "en_US"
_LONGEST_CODE = 3
"""Characters of a subdivision of ISO 3166-2, without its country; others are cities that a country adds."""


@dataclass(frozen=True)
class PublicHoliday:
    """A public holiday, with its English name if there is one; on an optional one many clinics are open."""

    day: date
    name: str
    optional: bool = False


def has_holidays(country: str | None) -> TypeGuard[str]:
    """Return whether there is a list of a country's public holidays."""
    return country in _countries()


@cache
def subdivisions(country: str | None) -> Mapping[str, str]:
    """Return the names of the parts of a country that have holidays of their own, by their ISO 3166-2 code."""
    if not has_holidays(country):
        return {}
    found = holidays.country_holidays(country)
    names = {code: name for name, code in reversed(found.subdivisions_aliases.items())}
    codes = [code for code in found.subdivisions if len(code) <= _LONGEST_CODE]
    return dict(sorted(((code, names.get(code, code)) for code in codes), key=lambda one: one[1]))


def public_holidays(country: str | None, subdivision: str | None, year: int) -> Sequence[PublicHoliday]:
    """Return the public holidays of a year in order, none for a country without a list."""
    if not has_holidays(country):
        return ()
    public = _names(country, subdivision, year, PUBLIC)
    found = {day: PublicHoliday(day, name) for day, name in public.items()}
    for day, name in _names(country, subdivision, year, OPTIONAL).items():
        found.setdefault(day, PublicHoliday(day, name, optional=True))
    return [found[day] for day in sorted(found)]


@cache
def _names(country: str, subdivision: str | None, year: int, category: str) -> Mapping[date, str]:
    known = holidays.country_holidays(country)
    if category not in known.supported_categories:
        return {}
    listed = holidays.country_holidays(
        country,
        subdiv=subdivision if subdivision in known.subdivisions else None,
        years=year,
        categories=(category,),
        language=_ENGLISH if _ENGLISH in known.supported_languages else None,
    )
    return dict(listed.items())


@cache
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))
