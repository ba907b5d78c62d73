"""Clinics and patients of revision 0003 have a country, longer phone numbers and more words after the upgrade."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import NOW, an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

COUNTRIES = {"Europe/Budapest": "HU", "Asia/Calcutta": "IN", "Iceland": "IS", "UTC": None}


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application on an empty database of revision 0003."""
    with an_older_database(request.param, tmp_path, "0003") as app:
        yield app


def test_a_clinic_has_the_country_of_its_zone_after_the_upgrade(app: Flask) -> None:
    for zone in COUNTRIES:
        insert("clinics", _clinic(zone))

    upgrade()

    clinics = clinic_service.list()
    assert {clinic.zone: clinic.country for clinic in clinics} == COUNTRIES


def test_patients_are_found_as_they_are_entered_after_the_upgrade(app: Flask) -> None:
    clinic = _clinic("Europe/Budapest")
    insert("clinics", clinic)
    insert("patients", _patient(clinic, "Mir\u200czadeh", "+36301234567"))
    insert("patients", _patient(clinic, "Noise", "+351000000000"))

    upgrade()

    with clinic_scope(clinic["id"]):
        for query in ("06 30 12", "+36 (06) 30 123 4567", "mirzadeh", "mir\u200czadeh"):
            assert [patient.phone for patient in patient_service.search(query).rows] == ["+36301234567"], query
        assert {patient.phone for patient in patient_service.list().rows} == {"+36301234567", "+351000000000"}


def test_an_extension_of_a_phone_number_fits_after_the_upgrade(app: Flask) -> None:
    clinic = _clinic("Europe/Budapest")
    insert("clinics", clinic)
    upgrade()

    with clinic_scope(clinic["id"]):
        patient = patient_service.create(family_name="Pereira", phone="+36301234567;ext=123456789012345")

        assert patient_service.get(patient.id).phone == "+36301234567;ext=123456789012345"


def test_a_downgrade_keeps_phone_numbers_without_their_extensions(app: Flask) -> None:
    clinic = _clinic("Europe/Budapest")
    insert("clinics", clinic)
    upgrade()
    with clinic_scope(clinic["id"]):
        patient_service.create(family_name="Pereira", phone="+36301234567;ext=123456789012345")
    db.session.remove()

    result = app.test_cli_runner().invoke(args=["db", "downgrade", "0003", "--delete-data"])

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT phone FROM patients")).scalars().all() == ["+36301234567"]


def _clinic(zone: str) -> dict[str, Any]:
    same = {"currency": "EUR", "locale": "en_GB", "idle_minutes": 15, "absolute_hours": 12}
    return {"id": uuid4(), "name": zone, "zone": zone, **same}


def _patient(clinic: dict[str, Any], family_name: str, phone: str) -> dict[str, Any]:
    agreed = {"messages_agreed": True, "messages_agreed_source": "registration", "messages_agreed_at": NOW}
    names = {"family_name": family_name, "sort_name": family_name, "sex": "unknown", "phone": phone}
    return {"id": uuid4(), "clinic_id": clinic["id"], "mrn": f"P-{uuid4().int % 1_000_000:06d}", **names, **agreed}
