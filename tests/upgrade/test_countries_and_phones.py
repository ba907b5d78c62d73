"""Clinics and patients of revision 0003 have a country, longer phone numbers and more words after the upgrade."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from tests.upgrade.older_database import NOW, downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0003"

COUNTRIES = {"Europe/Budapest": "HU", "Asia/Calcutta": "IN", "Iceland": "IS", "UTC": None}
PHONES = {"Mir\u200czadeh": "+36301234567", "Noise": "+351000000000"}


def test_a_clinic_has_the_country_of_its_zone_after_the_upgrade(ids: dict[str, UUID]) -> None:
    clinics = clinic_service.list()

    assert {clinic.zone: clinic.country for clinic in clinics} == COUNTRIES


def test_patients_are_found_as_they_are_entered_after_the_upgrade(ids: dict[str, UUID]) -> None:
    for query in ("06 30 12", "+36 (06) 30 123 4567", "mirzadeh", "mir\u200czadeh"):
        assert [patient.phone for patient in patient_service.search(query).rows] == ["+36301234567"], query
    assert {patient.phone for patient in patient_service.list().rows} == set(PHONES.values())


def test_an_extension_of_a_phone_number_fits_after_the_upgrade(ids: dict[str, UUID]) -> None:
    patient = patient_service.create(family_name="Pereira", phone="+36301234567;ext=123456789012345")

    assert patient_service.get(patient.id).phone == "+36301234567;ext=123456789012345"


def test_a_downgrade_keeps_phone_numbers_without_their_extensions(ids: dict[str, UUID]) -> None:
    patient_service.create(family_name="Pereira", phone="+36301111111;ext=123456789012345")

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        phones = connection.execute(text("SELECT phone FROM patients")).scalars().all()
    assert sorted(phones) == sorted([*PHONES.values(), "+36301111111"])


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic of each zone, and patients of the first."""
    ids = {"clinic": uuid4()}
    for zone, id_ in zip(COUNTRIES, (ids["clinic"], uuid4(), uuid4(), uuid4()), strict=True):
        insert("clinics", _clinic(id_, zone))
    for family_name, phone in PHONES.items():
        insert("patients", _patient(ids["clinic"], family_name, phone))
    return ids


def _clinic(id_: UUID, zone: str) -> dict[str, Any]:
    same = {"currency": "EUR", "locale": "en_GB", "idle_minutes": 15, "absolute_hours": 12}
    return {"id": id_, "name": zone, "zone": zone, **same}


def _patient(clinic_id: UUID, family_name: str, phone: str) -> dict[str, Any]:
    agreed = {"messages_agreed": True, "messages_agreed_source": "registration", "messages_agreed_at": NOW}
    names = {"family_name": family_name, "sort_name": family_name, "sex": "unknown", "phone": phone}
    return {"id": uuid4(), "clinic_id": clinic_id, "mrn": f"P-{uuid4().int % 1_000_000:06d}", **names, **agreed}
