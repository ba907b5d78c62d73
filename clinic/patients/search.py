"""Search words of patients, and the parsing of search queries."""

import re

import phonenumbers

from clinic.core.text import digits, fold, is_cjk, is_storable, words
from clinic.patients.models import Patient

LONGEST_WORD = 100
MOST_TERMS = 8
LONGEST_RECORD_NUMBER = 6
_RECORD_NUMBER = re.compile(r"[Pp]-?[0-9]+", re.ASCII)
_APART = str.maketrans(dict.fromkeys("'’ʼ`´", " "))
"""Splits a name at its apostrophes: D'Almeida is found as dalmeida and as almeida."""

_NUMBER_LIKE = re.compile(r"[+0-9٠-٩۰-۹０-９\s().\-/]+")


def words_of(patient: Patient) -> set[str]:
    """Return the search words of a patient without contact details."""
    names = [name for name in (patient.family_name, patient.given_name, patient.preferred_name) if name]
    found = {word for name in names for word in (*words(name), *words(name.translate(_APART)))}
    joined = fold("".join(part for part in (patient.family_name, patient.given_name) if part))
    if is_cjk(joined):
        found.add(joined)
    number = digits(patient.mrn)
    found |= {number, number.lstrip("0"), f"p{number}", "p" + number.lstrip("0")}
    if patient.birth_date:
        found.add(digits(patient.birth_date))
    return {word[:LONGEST_WORD] for word in found if word}


def contact_words_of(patient: Patient) -> set[str]:
    """Return the search words of a patient's contact details, for actors who may see those."""
    found = _phone_words(patient.phone) if patient.phone else set()
    if patient.email:
        found.add(fold(patient.email))
    return {word[:LONGEST_WORD] for word in found if word}


def terms_of(query: str) -> list[str]:
    """Return the prefixes of a query, one for each term, that a patient's search words must match."""
    if not is_storable(query):
        return []
    if _NUMBER_LIKE.fullmatch(query) and digits(query):
        return [_dialled(digits(query))[:LONGEST_WORD]]
    terms = [term for part in query.split() for term in _terms_of_part(part)]
    return [term[:LONGEST_WORD] for term in terms[:MOST_TERMS]]


def sort_name_of(patient: Patient) -> str:
    """Return the sort key of a patient in lists by name."""
    return fold(" ".join(part for part in (patient.family_name, patient.given_name) if part))[:300]


def after_prefix(prefix: str) -> str:
    """Return the exclusive upper bound, compared by bytes, of all texts that begin with `prefix`."""
    return prefix + "\U0010ffff"


def _terms_of_part(part: str) -> list[str]:
    if "@" in part:
        return [fold(part)]
    if _RECORD_NUMBER.fullmatch(part):
        return ["p" + digits(part)]
    return [_dialled(word) for word in words(part)]


def _dialled(term: str) -> str:
    """Return phone digits without the international prefix 00; a record number is too short to have one."""
    return term[2:] if term.startswith("00") and term.isdigit() and len(term) > LONGEST_RECORD_NUMBER else term


def _phone_words(phone: str) -> set[str]:
    national = str(phonenumbers.parse(phone).national_number)
    return {digits(phone), national, "0" + national}
