"""Days, times and amounts as a reader of a language is used to, in the region of a clinic."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location

from clinic.core.clock import is_ambiguous
from clinic.core.money import Money
from clinic.core.text import fold
from clinic.notifications.writing.languages import LANGUAGES, phrases_of

_CLOCKS = {"de": "HH:mm 'Uhr'"}
"""How times on a clock of 24 hours are written in languages that add a word."""

_ELSEWHERE = {"en": "en_GB", "pt": "pt_PT"}
"""The locales of languages in regions for which CLDR has none."""


@dataclass(frozen=True)
class Region:
    """A language in the country of a clinic (ISO 3166): whether its clock has 12 hours is the country's custom."""

    language: str
    country: str | None

    @property
    def locale(self) -> Locale:
        """The locale of the language in the country, or of the language."""
        found = _locale(f"{self.language}_{self.country}") if self.country else None
        return found or Locale.parse(_ELSEWHERE.get(self.language, self.language))

    def day(self, value: date) -> str:
        """Return a day: `Tue 1 December 2026`, `Tue, December 1, 2026`, `Di., 1. Dezember 2026`."""
        pattern = str(self.locale.date_formats["full"].pattern).replace("EEEE", "EEE")
        if self.language == "en":
            pattern = pattern.replace("EEE, d ", "EEE d ")
        return format_date(value, pattern, locale=self.locale)

    def plain_day(self, value: date) -> str:
        """Return a day without its weekday, as documents have it: `1 December 2026`, `1. Dezember 2026`."""
        return format_date(value, "long", locale=self.locale)

    def time(self, local: datetime) -> str:
        """Return the time of a local time: `08:00`, in German `08:00 Uhr`, or `8:00 AM` where clocks have 12 hours."""
        pattern = "h:mm a" if _has_12_hours(self.country) else _CLOCKS.get(self.language, "HH:mm")
        return format_time(local.time(), pattern, locale=self.locale)

    def amount(self, value: Money) -> str:
        """Return an amount with its currency."""
        return value.format(str(self.locale))

    def zone_note(self, moment: datetime, zone: str, *, abroad: bool) -> str:
        """Return the zone in parentheses where a time could be misread, otherwise nothing.

        That is to readers `abroad`, and in the hour that clocks show twice, with the difference from UTC.
        """
        local = moment.astimezone(ZoneInfo(zone))
        is_twice = is_ambiguous(local.replace(tzinfo=None), zone)
        if not abroad and not is_twice:
            return ""
        city = get_timezone_location(zone, locale=self.locale, return_city=True)
        named = phrases_of(self.language)["city_time"].format(city=city)
        return f" ({named}, {_offset(local)})" if is_twice else f" ({named})"


def lives_abroad(address: str | None, country: str | None) -> bool:
    """Return whether the last line of a postal address names another country than the one given."""
    lines = (address or "").strip().splitlines()
    named = _countries().get(fold(lines[-1]).strip()) if lines else None
    return named is not None and country is not None and named != country


def _locale(name: str) -> Locale | None:
    try:
        return Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return None


@cache
def _has_12_hours(country: str | None) -> bool:
    """Return whether clocks of a country have 12 hours, as CLDR knows of its main language."""
    main = _locale(f"und_{country}") if country else None
    return main is not None and "h" in str(main.time_formats["short"].pattern)


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or local - local).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


@cache
def _countries() -> Mapping[str, str]:
    """Return the code of each country by its folded name, in the languages of messages."""
    locales = [Locale.parse(language) for language in LANGUAGES]
    return {
        fold(name): code
        for locale in locales
        for code, name in locale.territories.items()
        if len(code) == 2 and unicodedata.category(code[0]) == "Lu"  # noqa: PLR2004 - ISO 3166, not a region of UN M.49
    }
