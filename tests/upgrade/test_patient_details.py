"""Patients of revision 0010 stay as they are, and get the lists of a fuller record."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.patients.service import patient_service
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0010"

CONTACT = {"phone": "+351912555014", "email": "ines@example.org", "address": "Rua 1"}


def test_a_patient_keeps_the_record_and_gets_lists(ids: dict[str, UUID]) -> None:
    patient = patient_service.get(ids["patient"])
    assert (patient.family_name, patient.birth_date, patient.version) == ("Pereira", "1991", 1)
    assert {name: getattr(patient, name) for name in CONTACT} == CONTACT
    assert patient.details == []

    patient_service.update(ids["patient"], version=1, former_names=[{"family_name": "Sousa"}])

    assert [one.family_name for one in patient_service.get(ids["patient"]).former_names] == ["Sousa"]


@pytest.mark.slow
def test_a_downgrade_keeps_what_the_older_version_knows(ids: dict[str, UUID]) -> None:
    patient_service.update(ids["patient"], version=1, birth_date=None, estimated_age=40)

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT family_name, phone FROM patients")).all() == [
            ("Pereira", CONTACT["phone"])
        ]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic with a patient and an answer about consent."""
    ids = {name: uuid4() for name in ("clinic", "patient")}
    same = {"currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
    usual = {"late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": ids["clinic"], "name": "H", "zone": "Europe/Lisbon", "country": "PT", **same, **usual})
    names = {
        "family_name": "Pereira",
        "sort_name": "pereira",
        "sex": "female",
        "birth_date": "1991",
        "mrn": "P-000001",
    }
    insert("patients", {"id": ids["patient"], "clinic_id": ids["clinic"], **names, **CONTACT})
    return ids
