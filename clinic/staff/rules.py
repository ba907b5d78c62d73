"""What a clinic's settings may be."""

from babel import Locale, UnknownLocaleError

from clinic.core.clock import is_zone
from clinic.core.money import is_currency


def zone_problem(name: str) -> str | None:
    """Say what is the matter with a time zone."""
    return None if is_zone(name) else "Enter a time zone of the IANA list, like Europe/Lisbon"


def currency_problem(code: str) -> str | None:
    """Say what is the matter with a currency."""
    return None if is_currency(code) else "Enter a currency code of ISO 4217, like EUR"


def locale_problem(name: str) -> str | None:
    """Say what is the matter with a locale."""
    try:
        known = Locale.parse(name).territory is not None
    except (ValueError, UnknownLocaleError):
        known = False
    return None if known else "Enter a language and country, like en_GB or pt_PT"
