"""Types of identifiers, and the check digits of those that have one."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from stdnum import exceptions
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ch import ssn
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.se import personnummer

from clinic.core.text import tidy_line


@dataclass(frozen=True)
class IdentifierType:
    """A type of identifier: its label, the country that issues it, and the module that checks it, if one does."""

    label: str
    country: str | None = None
    check: ModuleType | None = None


IDENTIFIER_TYPES: Mapping[str, IdentifierType] = {
    "insurer": IdentifierType("Insurance number"),
    "passport": IdentifierType("Passport"),
    "old-system": IdentifierType("Number in an old system"),
    "at-svnr": IdentifierType("Austrian social insurance number (SVNR)", "AT", vnr),
    "be-nn": IdentifierType("Belgian national number", "BE", nn),
    "br-cpf": IdentifierType("Brazilian taxpayer number (CPF)", "BR", cpf),
    "ch-ahv": IdentifierType("Swiss social insurance number (AHV)", "CH", ssn),
    "de-idnr": IdentifierType("German tax number (IdNr)", "DE", idnr),
    "dk-cpr": IdentifierType("Danish personal number (CPR)", "DK", cpr),
    "es-dni": IdentifierType("Spanish identity number (DNI)", "ES", dni),
    "es-nie": IdentifierType("Spanish number for foreigners (NIE)", "ES", nie),
    "fi-hetu": IdentifierType("Finnish personal number (HETU)", "FI", hetu),
    "fr-nir": IdentifierType("French social security number (NIR)", "FR", nir),
    "gb-nhs": IdentifierType("UK NHS number", "GB", nhs),
    "ie-pps": IdentifierType("Irish PPS number", "IE", pps),
    "it-cf": IdentifierType("Italian fiscal code", "IT", codicefiscale),
    "nl-bsn": IdentifierType("Dutch citizen number (BSN)", "NL", bsn),
    "no-fnr": IdentifierType("Norwegian birth number", "NO", fodselsnummer),
    "pl-pesel": IdentifierType("Polish PESEL", "PL", pesel),
    "pt-nif": IdentifierType("Portuguese taxpayer number (NIF)", "PT", nif),
    "pt-sns": IdentifierType("Portuguese health number (número de utente)", "PT"),
    "se-pnr": IdentifierType("Swedish personal number", "SE", personnummer),
    "other": IdentifierType("Other"),
}
"""Types by their stored names; those of a country begin with its code of ISO 3166."""

_PROBLEMS: Mapping[type[Exception], str] = {
    exceptions.InvalidChecksum: "The check digit does not fit: compare each digit of the {label}",
    exceptions.InvalidLength: "The {label} has another number of characters",
    exceptions.InvalidFormat: "This is not how a {label} is written",
    exceptions.InvalidComponent: "A part of this {label} can't be right, like its date of birth or its country",
}


def identifier_label(type_: str) -> str:
    """Return the label of a type of identifier, the type itself if it is unknown."""
    known = IDENTIFIER_TYPES.get(type_)
    return known.label if known else type_


def identifier_choices(country: str | None) -> list[tuple[str, str]]:
    """Return the types with their labels: those of the clinic's country first, then those of none, then the others."""
    order = sorted(IDENTIFIER_TYPES.items(), key=lambda one: (one[1].country != country, one[1].country is not None))
    return [(type_, one.label) for type_, one in order]


def checked_identifier(type_: str, value: str) -> tuple[str, str | None]:
    """Return an identifier as it is stored, without the separators of its type, and what is wrong with it, if anything.

    Identifiers of a type without public check digits are stored as written.
    """
    check = IDENTIFIER_TYPES[type_].check
    if check is None:
        return tidy_line(value), None
    try:
        stored: str = check.validate(value)
    except exceptions.ValidationError as error:
        return value, _problem(type_, error)
    return stored, None


def _problem(type_: str, error: Exception) -> str:
    text = next((text for kind, text in _PROBLEMS.items() if isinstance(error, kind)), "This is not a {label}")
    return text.format(label=IDENTIFIER_TYPES[type_].label)
