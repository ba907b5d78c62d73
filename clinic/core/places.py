"""Countries of ISO 3166 and the IANA time zones of their places, as the tables of tzdata list them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.core import get_global


@dataclass(frozen=True)
class TimeZone:
    """A time zone of `zone.tab`, with the ISO 3166 code of its country."""

    name: str
    country: str


def find_time_zone(name: str) -> TimeZone | None:
    """Return the time zone of a name, also of another name for it; None if that is no place: `UTC`, `EST5EDT`."""
    zones = _zones()
    return zones.get(name) or _zones_by_alias().get(_canonical(name))


def time_zone_names() -> Collection[str]:
    """Return the names of all time zones."""
    return _zones().keys()


def country_of_zone(name: str) -> str | None:
    """Return the country of a time zone, or None if its name is no place."""
    zone = find_time_zone(name)
    return zone.country if zone else None


def is_country(code: str) -> bool:
    """Return whether a code is a country of ISO 3166: `PT`."""
    return code in country_names()


@cache
def country_names() -> Mapping[str, str]:
    """Return the English name of every country, by its code, in the order of the names."""
    territories = Locale("en").territories
    named = {code: territories.get(code, name) for code, name in _rows("iso3166.tab")}
    return dict(sorted(named.items(), key=lambda item: item[1]))


@cache
def _zones() -> Mapping[str, TimeZone]:
    return {name: TimeZone(name, country) for country, _, name, *_ in _rows("zone.tab")}


@cache
def _zones_by_alias() -> Mapping[str, TimeZone]:
    """Return the zones by each of their names in CLDR.

    CLDR distinguishes places in different countries, which IANA may link: Iceland to Abidjan, Stockholm to Berlin.
    """
    return {_canonical(name): zone for name, zone in _zones().items()}


def _canonical(name: str) -> str:
    canonical: str = get_global("zone_aliases").get(name, name)
    return canonical


def _rows(table: str) -> Iterator[list[str]]:
    text = (files("tzdata.zoneinfo") / table).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
