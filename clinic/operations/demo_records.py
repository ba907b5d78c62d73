"""Sample guardians, notes, recalls and a second registration of the demo's patients."""

from collections.abc import Sequence
from datetime import date, timedelta

from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import (
    Patient,
    counts_as_minor,
    note_service,
    patient_service,
    recall_service,
    related_person_service,
)

NOTES = [
    ("alert", "Uses a wheelchair: book the room on the ground floor"),
    ("alert", "Hard of hearing: speak slowly, and write"),
    ("note", "Prefers mornings"),
    ("note", "Brings an interpreter"),
]
RECALLS = [(0, "Blood pressure"), (7, "Dressing change"), (28, "Vaccination"), (180, "Skin check"), (365, "Check-up")]
"""After how many days a patient is to be seen again, and what for."""


def fill_guardians(patients: Sequence[Patient]) -> None:
    """Give each child a guardian: messages and invoices go there."""
    children = [one for one in patients if counts_as_minor(one)]
    with unit_of_work():
        for child, adult in zip(children, _adults(patients), strict=False):
            related_person_service.create(
                child.id, other_id=adult.id, roles=["guardian", "contact"], relationship="grandparent"
            )


def fill_records(patients: Sequence[Patient], today: date) -> None:
    """Add notes, recalls, and one person who was registered twice."""
    adults = _adults(patients)
    with unit_of_work():
        for patient, (kind, text) in zip(adults, NOTES, strict=False):
            note_service.create(patient.id, kind=kind, text=text)
        for patient, (days, reason) in zip(reversed(adults), RECALLS, strict=False):
            recall_service.create(patient.id, due_on=today + timedelta(days=days), reason=reason)
        _register_twice(adults[1], adults[-1])


def _adults(patients: Sequence[Patient]) -> list[Patient]:
    return [one for one in patients if one.birth_date and one.birth_date < "1990"]


def _register_twice(patient: Patient, again: Patient) -> None:
    """Let a record be about the person of another one."""
    patient_service.update(
        again.id,
        version=None,
        family_name=patient.family_name,
        given_name=patient.given_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        phone=patient.phone,
    )
