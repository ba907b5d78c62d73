"""Limits of a clinic's settings."""

from babel import Locale, UnknownLocaleError

MAX_IDLE_MINUTES = 240
MAX_ABSOLUTE_HOURS = 24


def is_locale(name: str) -> bool:
    """Return whether a name is that of a locale with a language and a country."""
    try:
        return Locale.parse(name).territory is not None
    except (ValueError, UnknownLocaleError):
        return False
