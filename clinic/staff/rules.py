"""What a clinic's settings may be."""

from babel import Locale, UnknownLocaleError

from clinic.core.clock import is_zone
from clinic.core.money import is_currency
from clinic.core.text import is_storable

LONGEST_NAME = 200


def clinic_problems(*, name: str, zone: str, currency: str, locale: str) -> dict[str, list[str]]:
    """Say for each setting of a clinic what is the matter with it, if anything is."""
    checks = {
        "clinic": (_is_name(name), f"Enter the clinic's name, at most {LONGEST_NAME} characters"),
        "zone": (is_zone(zone), "Enter a time zone of the IANA list, like Europe/Lisbon"),
        "currency": (is_currency(currency), "Enter a currency code of ISO 4217, like EUR"),
        "locale": (_is_locale(locale), "Enter a language and country, like en_GB or pt_PT"),
    }
    return {setting: [words] for setting, (fine, words) in checks.items() if not fine}


def _is_name(name: str) -> bool:
    return bool(name.strip()) and len(name) <= LONGEST_NAME and is_storable(name) and len(name.splitlines()) == 1


def _is_locale(name: str) -> bool:
    try:
        return Locale.parse(name).territory is not None
    except (ValueError, UnknownLocaleError):
        return False
