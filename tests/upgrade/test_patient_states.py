"""Patients of revision 0010 are active and alive after the upgrade, and keep their rows both ways."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.core.clock import today
from clinic.core.db import db
from clinic.patients.service import note_service, patient_service, recall_service, related_person_service
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0010"


def test_a_patient_is_active_and_can_be_archived(ids: dict[str, UUID]) -> None:
    patient = patient_service.get(ids["patient"])

    assert (patient.state, patient.deceased_on, patient.family_name) == ("active", None, "Pereira")
    assert patient_service.archive(ids["patient"]).state == "archived"


@pytest.mark.slow
def test_what_is_around_a_patient_is_recorded_after_the_upgrade(ids: dict[str, UUID]) -> None:
    note_service.create(ids["patient"], text="Prefers mornings")
    related_person_service.create(ids["patient"], name="Rui", roles=["contact"])
    recall_service.create(ids["patient"], due_on=today("Europe/Lisbon"), reason="Check-up")

    assert [note.text for note in note_service.current(ids["patient"])] == ["Prefers mornings"]
    assert [relation.person.name for relation in related_person_service.relations(ids["patient"])] == ["Rui"]
    assert recall_service.counts()["due"] == 1


@pytest.mark.slow
def test_the_database_knows_the_states(ids: dict[str, UUID]) -> None:
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("UPDATE patients SET state = 'asleep'"))


@pytest.mark.slow
def test_a_downgrade_keeps_patients(ids: dict[str, UUID]) -> None:
    patient_service.record_death(ids["patient"], deceased_on=today("Europe/Lisbon"))

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT family_name FROM patients")).scalars().all() == ["Pereira"]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic with a patient."""
    ids = {name: uuid4() for name in ("clinic", "patient")}
    same = {"currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
    usual = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": ids["clinic"], "name": "Harbour", **same, **usual})
    person = {"mrn": "P-000001", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}
    insert("patients", {"id": ids["patient"], "clinic_id": ids["clinic"], **person})
    return ids
