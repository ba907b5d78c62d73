"""What a clinic's settings may be."""

from babel import Locale, UnknownLocaleError

from clinic.core.clock import is_zone
from clinic.core.money import is_currency
from clinic.core.text import is_storable

LONGEST_NAME = 200
MOST_IDLE_MINUTES = 240
MOST_HOURS = 24

_ASK_NAME = f"Enter the clinic's name, at most {LONGEST_NAME} characters"
_ASK_LOCALE = "Enter a language and country, like en_GB or pt_PT"


def clinic_problems(*, name: str, zone: str, currency: str, locale: str) -> dict[str, list[str]]:
    """Say for each setting of a clinic what is the matter with it, if anything is."""
    checks = {
        "clinic": (_is_name(name), _ASK_NAME),
        "zone": (is_zone(zone), "Enter a time zone of the IANA list, like Europe/Lisbon"),
        "currency": (is_currency(currency), "Enter a currency code of ISO 4217, like EUR"),
        "locale": (is_locale(locale), _ASK_LOCALE),
    }
    return _failed(checks)


def settings_problems(*, name: str, locale: str, idle_minutes: int, absolute_hours: int) -> dict[str, list[str]]:
    """Say for each setting that can still be changed what is the matter with it, if anything is."""
    checks = {
        "name": (_is_name(name), _ASK_NAME),
        "locale": (is_locale(locale), _ASK_LOCALE),
        "idle_minutes": (
            1 <= idle_minutes <= MOST_IDLE_MINUTES,
            f"Enter a number of minutes from 1 to {MOST_IDLE_MINUTES}",
        ),
        "absolute_hours": (1 <= absolute_hours <= MOST_HOURS, f"Enter a number of hours from 1 to {MOST_HOURS}"),
    }
    return _failed(checks)


def _failed(checks: dict[str, tuple[bool, str]]) -> dict[str, list[str]]:
    return {setting: [words] for setting, (fine, words) in checks.items() if not fine}


def _is_name(name: str) -> bool:
    return bool(name.strip()) and len(name) <= LONGEST_NAME and is_storable(name) and len(name.splitlines()) == 1


def is_locale(name: str) -> bool:
    """Say whether a name is one of a language and a country."""
    try:
        return Locale.parse(name).territory is not None
    except (ValueError, UnknownLocaleError):
        return False
