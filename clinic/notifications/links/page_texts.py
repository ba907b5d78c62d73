"""The texts of the pages behind links, and dates and times as readers of their language write them."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time

from clinic.identity.models import Clinic
from clinic.notifications.writing.languages import choose_language
from clinic.patients.service import Recipient

_FOLDER = Path(__file__).parent / "texts"


@cache
def page_texts(language: str) -> Mapping[str, str]:
    """Return the texts of the pages in one of the languages, by their names."""
    return MappingProxyType(tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))


def reading_language(recipient: Recipient | None, clinic: Clinic) -> str:
    """Return the language of the person to whom messages go, or of the clinic, if there are texts in it."""
    return choose_language(recipient.language if recipient else None, clinic.language)


def day_text(day: date, locale: Locale) -> str:
    """Return a day with its weekday: `Monday 23 November 2026`."""
    return format_date(day, "full", locale)


def time_text(at: datetime, zone: str, locale: Locale) -> str:
    """Return the time of an instant in a time zone: `09:30`."""
    return format_time(at.astimezone(ZoneInfo(zone)), "short", locale=locale, tzinfo=ZoneInfo(zone))
