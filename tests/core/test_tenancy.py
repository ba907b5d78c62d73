"""Clinics apart: in every form of query, and in the database itself."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, delete, exists, func, select, union_all, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import aliased

from clinic.appointments.models import Appointment
from clinic.core.db import db
from clinic.core.db.orm_session import ForeignRow, OutsideUnitOfWork, prepared
from clinic.core.tenancy import NoCurrentClinic, current_clinic_id, set_current_clinic
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic
from clinic.patients.models import Patient, PatientKey
from clinic.patients.service import PatientNotFound, patient_service
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.fixtures import Here

Other = aliased(Patient)
QUERIES: list[Callable[[], Any]] = [
    lambda: select(Patient.family_name),
    lambda: select(Other.family_name),
    lambda: select(select(Patient.family_name).subquery()),
    lambda: select(select(Patient.family_name).cte()),
    lambda: select(Patient.family_name).where(exists().where(PatientKey.patient_id == Patient.id)),
    lambda: select(Patient.family_name).join(PatientKey, PatientKey.patient_id == Patient.id).distinct(),
    lambda: select(Patient.family_name).order_by(Patient.id).limit(5).offset(0),
    lambda: union_all(select(Patient.family_name), select(Patient.family_name).where(Patient.id.is_(None))),
    lambda: select(func.max(Patient.family_name)),
    lambda: select(select(func.max(Patient.family_name)).scalar_subquery()),
]


@pytest.fixture
def two(here: Here, clinic: Clinic, other_clinic: Clinic) -> tuple[Patient, Patient]:
    """A patient of ours and one of the other clinic's."""
    with here(other_clinic.id):
        theirs = a_patient(family_name="Zzz of theirs")
    with here():
        return a_patient(family_name="Aaa of ours"), theirs


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("query", QUERIES)
def test_no_form_of_query_reaches_another_clinic(
    two: tuple[Patient, Patient], here: Here, query: Callable[[], Select[Any]]
) -> None:
    with here(), unit_of_work():
        found = db.session.execute(query()).scalars().all()

    assert found == ["Aaa of ours"]


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("query", QUERIES)
def test_without_a_current_clinic_every_form_of_query_is_an_error(
    two: tuple[Patient, Patient], app: Flask, query: Callable[[], Select[Any]]
) -> None:
    with app.app_context(), pytest.raises((StatementError, NoCurrentClinic)) as raised, unit_of_work():
        db.session.execute(query())

    assert isinstance(getattr(raised.value, "orig", raised.value), NoCurrentClinic)


@pytest.mark.both_databases
def test_a_prepared_query_that_is_kept_finds_the_rows_of_the_current_clinic(
    two: tuple[Patient, Patient], here: Here, other_clinic: Clinic, app: Flask
) -> None:
    query = prepared(select(Patient.family_name))

    with here(other_clinic.id):
        theirs = db.session.scalars(query).all()
    with here():
        ours = db.session.scalars(query).all()

    assert (theirs, ours) == (["Zzz of theirs"], ["Aaa of ours"])
    with app.app_context(), pytest.raises((StatementError, NoCurrentClinic)):
        db.session.scalars(query)


def test_a_prepared_change_reaches_only_the_own_clinic(
    two: tuple[Patient, Patient], here: Here, other_clinic: Clinic
) -> None:
    with here(other_clinic.id):
        keys = db.session.scalars(select(PatientKey.key)).all()

    with pytest.raises(OutsideUnitOfWork), here():
        db.session.execute(prepared(delete(PatientKey)))
    with here(), unit_of_work():
        db.session.execute(prepared(delete(PatientKey)))

    with here(other_clinic.id):
        assert db.session.scalars(select(PatientKey.key)).all() == keys != []


def test_deleting_reaches_only_the_own_clinic(two: tuple[Patient, Patient], here: Here, other_clinic: Clinic) -> None:
    with here(other_clinic.id):
        keys = db.session.scalars(select(PatientKey.key)).all()

    with here(), unit_of_work():
        db.session.execute(delete(PatientKey))

    with here(other_clinic.id):
        assert db.session.scalars(select(PatientKey.key)).all() == keys != []


def test_updating_reaches_only_the_own_clinic(two: tuple[Patient, Patient], here: Here, other_clinic: Clinic) -> None:
    with here(other_clinic.id):
        keys = db.session.scalars(select(PatientKey.key)).all()

    with here(), unit_of_work():
        db.session.execute(update(PatientKey).values(key=1))

    with here(other_clinic.id):
        assert db.session.scalars(select(PatientKey.key)).all() == keys != []


def test_without_a_current_clinic_updating_is_an_error(two: tuple[Patient, Patient], app: Flask) -> None:
    with app.app_context(), pytest.raises((StatementError, NoCurrentClinic)) as raised, unit_of_work():
        db.session.execute(update(PatientKey).values(key=1))

    assert isinstance(getattr(raised.value, "orig", raised.value), NoCurrentClinic)


def test_another_clinics_row_is_as_missing_as_any(two: tuple[Patient, Patient], here: Here) -> None:
    ours, theirs = two

    with here(), pytest.raises(PatientNotFound):
        patient_service.get(theirs.id)

    with here():
        assert patient_service.get_many([ours.id, theirs.id]).keys() == {ours.id}


def test_a_row_of_one_clinic_is_not_in_the_session_of_another(
    two: tuple[Patient, Patient], here: Here, other_clinic: Clinic
) -> None:
    ours, _ = two

    with here():
        assert patient_service.get(ours.id).id == ours.id
        with here(other_clinic.id), pytest.raises(PatientNotFound):
            patient_service.get(ours.id)


def test_writing_a_row_of_another_clinic_is_refused(here: Here, clinic: Clinic, other_clinic: Clinic) -> None:
    with here(), pytest.raises(ForeignRow), unit_of_work():
        patient = Patient(family_name="X", clinic_id=other_clinic.id, mrn="P-9", sort_name="x")
        db.session.add(patient)
        db.session.flush()


def test_moving_a_row_to_another_clinic_is_refused(
    two: tuple[Patient, Patient], here: Here, other_clinic: Clinic
) -> None:
    with here(), pytest.raises(ForeignRow), unit_of_work():
        patient_service.get(two[0].id).clinic_id = other_clinic.id
        db.session.flush()


@pytest.mark.both_databases
def test_the_database_itself_refuses_a_mix_of_two_clinics(two: tuple[Patient, Patient], here: Here) -> None:
    _, theirs = two
    with here():
        practitioner = a_practitioner()
        appointment = an_appointment(practitioner=practitioner)

    with here(), pytest.raises(IntegrityError), db.engine.begin() as connection:
        statement = update(Appointment).where(Appointment.id == appointment.id).values(patient_id=theirs.id)
        connection.execute(statement)


def test_numbers_are_counted_per_clinic(two: tuple[Patient, Patient]) -> None:
    assert [patient.mrn for patient in two] == ["P-000001", "P-000001"]


def test_the_clinic_of_a_request_can_not_be_changed_later(app: Flask, clinic: Clinic, other_clinic: Clinic) -> None:
    with app.app_context():
        set_current_clinic(clinic.id)
        set_current_clinic(clinic.id)

        with pytest.raises(RuntimeError, match="another current clinic"):
            set_current_clinic(other_clinic.id)


def test_outside_of_any_clinic_there_is_no_current_one(app: Flask) -> None:
    with app.app_context(), pytest.raises(NoCurrentClinic):
        current_clinic_id()
