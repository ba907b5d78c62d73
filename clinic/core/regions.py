"""The regions of countries that have public holidays of their own, as the package `holidays` lists them."""

from collections.abc import Mapping
from functools import cache
from typing import TypeGuard

import holidays

from clinic.core.places import country_names

_LONGEST_CODE = 3
"""Characters of a region's code in ISO 3166-2, without its country; longer ones are cities that a country adds."""


def has_holidays(country: str | None) -> TypeGuard[str]:
    """Return whether there is a list of a country's public holidays."""
    return country in _countries()


@cache
def region_names(country: str | None) -> Mapping[str, str]:
    """Return the names of the regions of a country that have holidays of their own, by their ISO 3166-2 code."""
    if not has_holidays(country):
        return {}
    found = holidays.country_holidays(country)
    names = {code: name for name, code in reversed(found.subdivisions_aliases.items())}
    codes = [code for code in found.subdivisions if len(code) <= _LONGEST_CODE]
    return dict(sorted(((code, names.get(code, code)) for code in codes), key=lambda one: one[1]))


def region_problem(country: str | None, code: str) -> str | None:
    """Return what is wrong with a region of a country, None if it has public holidays of its own."""
    names = region_names(country)
    if code in names:
        return None
    country_name = country_names().get(country or "", "This country")
    if not names:
        return f"{country_name} has no regions with public holidays of their own: leave this empty"
    first, name = next(iter(names.items()))
    return f"{country_name} has no region {code} with public holidays of its own: enter a code like {first} for {name}"


@cache
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))
