"""Who may be on file already is found by keys, kept in pairs, and decided once."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from clinic.core.audit import AuditEntry
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.jobs import run_due_jobs
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.models import DuplicatePair, Patient, PatientKey
from clinic.patients.service import PatientNotFound, duplicate_service, patient_service, run_due_checks
from tests.builders import a_patient, patient_fields
from tests.fixtures import Here
from tests.statements import counted_statements, of_rows

pytestmark = pytest.mark.usefixtures("inside")

ALIKE: list[dict[str, Any]] = [
    {"given_name": "Ines"},
    {"family_name": "Inês", "given_name": "Pereira"},
    {"family_name": "Perreira"},
    {"family_name": "Pereira Matos"},
    {"birth_date": "1991-06-12"},
    {"birth_date": "1992-06-21"},
    {"birth_date": "1991-09-21"},
    {"birth_date": "1991"},
    {"birth_date": None},
    {"family_name": "Matos", "email": "INES@example.org"},
]


def found(**fields: Any) -> list[UUID]:
    return [one.patient.id for one in duplicate_service.candidates(**patient_fields(**fields))]


@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize("other", ALIKE, ids=str)
def test_a_person_on_file_is_found_by_what_is_alike(other: dict[str, Any]) -> None:
    patient = a_patient()
    a_patient(family_name="Okafor", given_name="Ada", birth_date="1991-06-21", email="ada@example.org")

    assert found(**other) == [patient.id]


def test_a_swapped_birth_date_is_found() -> None:
    patient = a_patient(birth_date="1991-03-07")

    assert found(birth_date="1991-07-03") == [patient.id]


def test_a_family_at_one_address_is_not_found() -> None:
    shared = {"phone": "+351912555014", "email": "familia@example.org", "address": "Rua das Flores 18"}
    a_patient(**shared)

    assert found(given_name="Tiago", birth_date="2019-02-03", **shared) == []
    assert found(given_name="Clara", **shared) == []


def test_a_record_is_no_candidate_for_itself() -> None:
    patient = a_patient()

    assert duplicate_service.candidates(patient.id, **patient_fields()) == []


@pytest.mark.slow
def test_registering_somebody_again_keeps_a_pair_to_decide() -> None:
    first, second = a_patient(), a_patient()

    (pair,) = duplicate_service.list().rows
    assert (pair.first.id, pair.second.id, pair.pair.score) == (first.id, second.id, 100)
    assert pair.reasons == ["same name", "same birth date", "same email"]


@pytest.mark.slow
def test_a_corrected_record_is_no_duplicate_any_more() -> None:
    a_patient()
    other = a_patient()

    patient_service.update(other.id, version=None, given_name="Clara", birth_date="1975-01-02")

    assert duplicate_service.list().rows == []


@pytest.mark.slow
def test_what_was_decided_is_remembered_with_who_decided_and_taken_back() -> None:
    first, second = a_patient(), a_patient()

    with as_actor("staff:jo"):
        duplicate_service.dismiss(duplicate_service.list().rows[0].id)
    patient_service.update(second.id, version=None, pronouns="she")

    (pair,) = duplicate_service.list(state="not-duplicate").rows
    assert pair.pair.decided_by == "staff:jo"
    assert duplicate_service.candidates_of(first) == []
    duplicate_service.reopen(pair.id)
    assert [one.patient.id for one in duplicate_service.candidates_of(first)] == [second.id]


def test_a_decision_is_in_the_audit_trail_of_both_patients() -> None:
    first, second = a_patient(), a_patient()

    duplicate_service.separate(second.id, first.id)

    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.record == "duplicate_pairs")).all()
    assert {entry.subject_id for entry in entries} == {first.id, second.id}
    assert all(entry.changes["state"] == [None, "not-duplicate"] for entry in entries)


def test_an_overruled_warning_is_recorded_with_who_overruled_it() -> None:
    first = a_patient()

    with as_actor("staff:jo"):
        patient_service.create(**patient_fields(), overruled=[first.id])

    (pair,) = duplicate_service.list(state="not-duplicate").rows
    assert (pair.first.id, pair.pair.decided_by) == (first.id, "staff:jo")
    assert duplicate_service.list().rows == []


def test_only_two_different_patients_of_the_clinic_are_decided_about() -> None:
    patient = a_patient()

    for other in (patient.id, UUID(int=7)):
        with pytest.raises(PatientNotFound):
            duplicate_service.separate(patient.id, other)


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_check_finds_the_pairs_of_patients_without_keys() -> None:
    first, second = a_patient(), a_patient()
    with unit_of_work():
        for row in (*db.session.scalars(select(PatientKey)), *db.session.scalars(select(DuplicatePair))):
            db.session.delete(row)

    duplicate_service.start_check()
    assert run_due_checks() == 1
    db.session.rollback()

    assert [(one.first.id, one.second.id) for one in duplicate_service.list().rows] == [(first.id, second.id)]
    check = duplicate_service.last_check()
    assert check is not None
    assert (check.total, check.checked) == (2, 2)
    assert duplicate_service.running_check() is None
    assert run_due_checks() == 0


def test_pairs_come_in_pages_the_most_certain_first() -> None:
    a_patient()
    a_patient(given_name="Inês Maria", email=None)
    a_patient(birth_date="1991", email=None)

    first = duplicate_service.list(limit=2)
    second = duplicate_service.list(limit=2, after=first.next_key)

    scores = [one.pair.score for one in (*first.rows, *second.rows)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == duplicate_service.counts()["to-decide"] == 3


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_check_of_ten_times_as_many_patients_compares_about_ten_times_as_many_pairs() -> None:
    compared = []
    for count in (100, 900):
        with unit_of_work():
            _register_many(count)
        compared.append(duplicate_service.check_all().compared)

    assert compared[1] <= 12 * compared[0]


def _register_many(count: int) -> None:
    """Register patients of whom many share a name, as Maria Silva does."""
    start = len(db.session.scalars(select(Patient.id)).all())
    for number in range(start, start + count):
        family, given = ("Silva", "Maria") if number % 3 else (f"Silva{number}", f"Ana{number % 50}")
        birth_date = f"19{number % 90 + 10}-03-07"
        db.session.add(
            Patient(mrn=f"P-{number}", sort_name="", family_name=family, given_name=given, birth_date=birth_date)
        )


@pytest.mark.slow
def test_registering_compares_with_a_fixed_number_of_statements(app: Flask, here: Here) -> None:
    for _ in range(3):
        a_patient()

    with counted_statements(app) as statements:
        duplicate_service.candidates(**patient_fields())

    assert len(of_rows(statements)) <= 3


def test_a_worker_goes_on_with_a_check_that_was_begun() -> None:
    a_patient()
    duplicate_service.start_check()

    assert run_due_jobs() >= 1

    db.session.rollback()
    assert duplicate_service.last_check() is not None
