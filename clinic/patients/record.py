"""The record of a patient: its fields and lists, how they are set, and what must hold of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from sqlalchemy import bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from clinic.core.clock import now, today
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.identity.clinics import clinic_service
from clinic.patients.contact_rules import CONTACT_KINDS
from clinic.patients.errors import InvalidPatient
from clinic.patients.models import Patient, PatientDetail
from clinic.patients.models.details import ADDRESS, EMAIL, FORMER_NAME, IDENTIFIER, PHONE
from clinic.patients.rules import BIRTH_DATE_OR_AGE

LISTS = {
    "former_names": FORMER_NAME,
    "other_phones": PHONE,
    "other_emails": EMAIL,
    "other_addresses": ADDRESS,
    "identifiers": IDENTIFIER,
}
"""The lists of a record, with the kind of their rows."""

_COLUMNS = (
    "family_name",
    "given_name",
    "until",
    "reason",
    "value",
    "use",
    "valid_from",
    "valid_until",
    "type",
    "issuer",
)


class FormerName(TypedDict, total=False):
    """A name that a patient had before, until a day or a part of a date."""

    family_name: str | None
    given_name: str | None
    until: str | None
    reason: str | None


class OtherContact(TypedDict, total=False):
    """A phone, email or address beside the one that is used."""

    value: str
    use: str | None
    valid_from: date | None
    valid_until: date | None


class Identifier(TypedDict, total=False):
    """A number by which others know a patient."""

    type: str
    value: str
    issuer: str | None


class PatientFields(TypedDict, total=False):
    """The fields of a patient; a field that is left out is unknown, and a list replaces the one on record."""

    family_name: str | None
    given_name: str | None
    preferred_name: str | None
    former_names: Sequence[FormerName] | None
    birth_date: str | None
    estimated_age: int | None
    age_on: date | None
    sex: str
    pronouns: str | None
    email: str | None
    email_use: str | None
    other_emails: Sequence[OtherContact] | None
    phone: str | None
    phone_use: str | None
    other_phones: Sequence[OtherContact] | None
    address: str | None
    address_use: str | None
    other_addresses: Sequence[OtherContact] | None
    language: str | None
    identifiers: Sequence[Identifier] | None


def set_fields(patient: Patient, fields: PatientFields) -> None:
    """Set fields and lists of a patient; a changed list gives the patient a new version.

    :raises InvalidPatient: if no name would be left, or there would be both a birth date and an age
    """
    with db.session.no_autoflush:  # one flush, so that one change is one version
        given: Mapping[str, Any] = fields
        replaced = [_replace(patient, kind, given[name] or ()) for name, kind in LISTS.items() if name in given]
        if any(replaced):
            patient.updated_at = now()
        for name in given.keys() - LISTS.keys():
            setattr(patient, name, given[name])
        _set_age(patient, fields)
        _check(patient)


def use_contact(patient: Patient, kind: str, value: str) -> None:
    """Exchange the used phone, email or address of a patient for one of the others.

    :raises InvalidPatient: if that is none of them, or has a last day
    """
    row = next((one for one in patient.details_of(kind) if one.value == value), None)
    if row is None:
        raise InvalidPatient(f"The record has no such other {kind}", field="value")
    if row.valid_until:
        raise InvalidPatient(f"This {kind} has a last day: remove that first", field="value")
    before, use = getattr(patient, kind), getattr(patient, f"{kind}_use")
    setattr(patient, kind, value)
    setattr(patient, f"{kind}_use", None if row.use == "old" else row.use)
    if before is None:
        _remove(patient, row)
    else:
        row.value, row.use, row.valid_from = before, use, None


_DETAILS = prepared(select(PatientDetail).where(PatientDetail.patient_id.in_(bindparam("patient_ids", expanding=True))))


def load_details(patients: Sequence[Patient]) -> None:
    """Load the lists of many patients in one query."""
    rows: dict[Any, list[PatientDetail]] = {patient.id: [] for patient in patients}
    for row in db.session.scalars(_DETAILS, {"patient_ids": list(rows)}):
        rows[row.patient_id].append(row)
    for patient in patients:
        set_committed_value(patient, "details", rows[patient.id])


def _check(patient: Patient) -> None:
    for kind in CONTACT_KINDS:
        if getattr(patient, kind) is None:
            setattr(patient, f"{kind}_use", None)
    if not (patient.family_name or patient.given_name):
        raise InvalidPatient("Enter the family name or the given name", field="family_name")
    if patient.birth_date and patient.estimated_age is not None:
        raise InvalidPatient(BIRTH_DATE_OR_AGE, field="estimated_age")


def _set_age(patient: Patient, fields: PatientFields) -> None:
    """Give an age its day, today unless it is given, and a record without an age none."""
    if fields.get("age_on") and patient.estimated_age is None and "estimated_age" not in fields:
        raise InvalidPatient("Enter the age on that day", field="estimated_age")
    if patient.estimated_age is None:
        patient.age_on = None
    elif patient.age_on is None or ("estimated_age" in fields and not fields.get("age_on")):
        patient.age_on = today(clinic_service.current().zone)


def _replace(patient: Patient, kind: str, wanted: Iterable[Mapping[str, Any]]) -> bool:
    """Replace a list of a patient, keeping the rows that stay, and return whether it changed."""
    rows = patient.details_of(kind)
    before = [_values(row) for row in rows]
    after = [dict.fromkeys(_COLUMNS) | dict(values) for values in wanted]
    if before == after:
        return False
    for position, (row, values) in enumerate(_paired(rows, after)):
        if row is None:
            patient.details.append(PatientDetail(kind=kind, position=position, **values))
        else:
            _set(row, values | {"position": position})
    for row in rows:
        _remove(patient, row)
    return True


def _remove(patient: Patient, row: PatientDetail) -> None:
    patient.details.remove(row)
    db.session.delete(row)  # the audit trail records what a session deletes, but not what the list has lost


def _paired(
    rows: list[PatientDetail], wanted: Sequence[dict[str, Any]]
) -> list[tuple[PatientDetail | None, dict[str, Any]]]:
    """Return each wanted row with one of the stored `rows`, which is taken from these: the same one, else the next."""
    same = {}
    for index, values in enumerate(wanted):
        if found := next((row for row in rows if _values(row) == values), None):
            rows.remove(found)
            same[index] = found
    return [(same.get(index) or (rows.pop(0) if rows else None), values) for index, values in enumerate(wanted)]


def _values(row: PatientDetail) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS}


def _set(row: PatientDetail, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
