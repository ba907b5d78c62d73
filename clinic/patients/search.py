"""Search words of patients, and the parsing of search queries."""

import re

from clinic.core.text import digits, fold, is_cjk, is_storable, tidy_line, words
from clinic.patients.models import Patient
from clinic.patients.phone_numbers import dialled_forms, phone_number

LONGEST_WORD = 100
MOST_TERMS = 8
LONGEST_RECORD_NUMBER = 6
_RECORD_NUMBER = re.compile(r"[Pp]-?[0-9]+", re.ASCII)
_APART = str.maketrans(dict.fromkeys("'’ʼ`´", " "))
"""Splits a name at its apostrophes: D'Almeida is found as dalmeida and as almeida."""

_NUMBER_LIKE = re.compile(r"[+＋\d\s().\-/\u2010-\u2015\u2212]+")


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
    found = dialled_forms(patient.phone) if patient.phone else set()
    if patient.email:
        found.add(fold(patient.email))
    return {word[:LONGEST_WORD] for word in found if word}


def terms_of(query: str, country: str | None = None) -> list[str]:
    """Return the prefixes of a query, one for each term, that a patient's search words must match.

    A phone number without a country code is read as one of `country`.
    """
    text = tidy_line(query)
    if not is_storable(text):
        return []
    if number := _number_term(text, country):
        return [number[:LONGEST_WORD]]
    terms = [term for part in text.split() for term in _terms_of_part(part)]
    return [term[:LONGEST_WORD] for term in terms[:MOST_TERMS]]


def sort_name_of(patient: Patient) -> str:
    """Return the sort key of a patient in lists by name."""
    return fold(" ".join(part for part in (patient.family_name, patient.given_name) if part))[:300]


def after_prefix(prefix: str) -> str:
    """Return the exclusive upper bound, compared by bytes, of all texts that begin with `prefix`."""
    return prefix + "\U0010ffff"


def _number_term(text: str, country: str | None) -> str | None:
    """Return the digits of a text that is a number; of a phone number those by which it is indexed."""
    typed = _dialled(digits(text))
    phone = phone_number(text, country)
    if phone is not None:
        return typed if typed in dialled_forms(phone) else digits(phone)
    return typed if _NUMBER_LIKE.fullmatch(text) else None


def _terms_of_part(part: str) -> list[str]:
    if "@" in part:
        return [fold(part)]
    if _RECORD_NUMBER.fullmatch(part):
        return ["p" + digits(part)]
    return [_dialled(word) for word in words(part)]


def _dialled(term: str) -> str:
    """Return phone digits without the international prefix 00; a record number is too short to have one."""
    return term[2:] if term.startswith("00") and term.isdigit() and len(term) > LONGEST_RECORD_NUMBER else term
