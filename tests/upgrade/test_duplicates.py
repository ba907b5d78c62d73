"""Patients of revision 0016 are compared after the upgrade, and can be merged."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask_migrate import upgrade

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.patients.service import duplicate_service, merge_service, patient_service, run_due_checks
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def ids(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[UUID]]:
    """A clinic with somebody registered twice, upgraded."""
    with an_older_database(request.param, tmp_path, "0016"):
        clinic_id, ids = uuid4(), sorted((uuid4(), uuid4()))
        same = {"currency": "EUR", "locale": "es_ES", "idle_minutes": 15, "absolute_hours": 12, "zone": "Europe/Madrid"}
        usual = {"late_cancel_hours": 24, "desk_overbooks": False, "country": "ES"}
        insert("clinics", {"id": clinic_id, "name": "Puerto", **same} | usual)
        for number, patient_id in enumerate(ids):
            names = {
                "family_name": "Zamora",
                "given_name": "Luz",
                "sort_name": "zamora luz",
                "birth_date": "1987-03-27",
            }
            own = {"id": patient_id, "clinic_id": clinic_id, "mrn": f"P-00009{number}"}
            insert("patients", own | names | {"sex": "unknown", "state": "active"})
        upgrade()
        with clinic_scope(clinic_id):
            yield ids


def test_a_worker_compares_who_is_on_file_and_they_are_merged(ids: list[UUID]) -> None:
    assert run_due_checks() == 1
    db.session.rollback()

    (pair,) = duplicate_service.list().rows
    assert [patient.id for patient in pair.patients] == ids
    merge = merge_service.merge(*ids)
    assert patient_service.identify("P-000091").id == ids[0]
    merge_service.unmerge(merge.id)
    assert patient_service.get(ids[1]).family_name == "Zamora"
