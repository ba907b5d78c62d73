"""Phone numbers in a search: the digits by which a stored number is found, and what typed digits can mean."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata

from clinic.core.text import digits


def indexed_forms(stored: str) -> set[str]:
    """Return the digits of a stored number with and without its country code, each with the extension.

    A number that is dialled at home with more than a 0 before it is indexed so, too.
    """
    try:
        number = phonenumbers.parse(stored)
    except NumberParseException:
        return {digits(stored)}
    national = phonenumbers.national_significant_number(number)
    plan = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_number(number) or "")
    trunk = (plan and plan.national_prefix) or "0"
    forms = {national} if trunk == "0" else {national, trunk + national}
    return {digits(stored), *(form + (number.extension or "") for form in forms)}


def national_digits(stored: str) -> str:
    """Return the digits of a stored number without country code and extension: those by which it ends."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(stored))
    except NumberParseException:
        return digits(stored.partition(";")[0])


def dialled_as(typed: str, country: str | None) -> list[str]:
    """Return the beginnings of indexed forms that typed digits can mean, dialled at home in a country or abroad."""
    plan = PhoneMetadata.metadata_for_region(country) if country else None
    abroad = {"00", plan.international_prefix or "00"} if plan else {"00"}
    trunk = {"0", plan.national_prefix or "0"} if plan else {"0"}
    code = str(plan.country_code) if plan else ""
    means = [typed, *(typed.removeprefix(prefix) for prefix in (*abroad, *trunk) if typed.startswith(prefix))]
    means += [
        code + one.removeprefix(code + prefix) for one in means for prefix in trunk if one.startswith(code + prefix)
    ]
    return list(dict.fromkeys(one for one in means if one))
