"""Public holidays of a country and its parts, from the tables of the package `holidays`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays

from clinic.core.regions import has_holidays

PUBLIC, OPTIONAL = "public", "optional"
FIRST_YEAR, LAST_YEAR = 2000, 2100
_ENGLISH = "en_US"


@dataclass(frozen=True)
class PublicHoliday:
    """A public holiday, with its English name if there is one; on an optional one many clinics are open."""

    day: date
    name: str
    optional: bool = False


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
