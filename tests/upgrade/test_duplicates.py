"""Patients of revision 0016 are compared after the upgrade, and can be merged."""

from uuid import UUID, uuid4

import pytest

from clinic.core.db import db
from clinic.patients.service import duplicate_service, merge_service, patient_service, run_due_checks
from tests.upgrade.older_database import insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0016"


def test_a_worker_compares_who_is_on_file_and_they_are_merged(ids: dict[str, UUID]) -> None:
    assert run_due_checks() == 1
    db.session.rollback()

    (pair,) = duplicate_service.list().rows
    assert [patient.id for patient in pair.patients] == [ids["first"], ids["second"]]
    merge = merge_service.merge(ids["first"], ids["second"])
    assert patient_service.identify("P-000091").id == ids["first"]
    merge_service.unmerge(merge.id)
    assert patient_service.get(ids["second"]).family_name == "Zamora"


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic with somebody registered twice."""
    ids = {"clinic": uuid4()} | dict(zip(("first", "second"), sorted((uuid4(), uuid4())), strict=True))
    same = {"currency": "EUR", "locale": "es_ES", "idle_minutes": 15, "absolute_hours": 12, "zone": "Europe/Madrid"}
    usual = {"late_cancel_hours": 24, "desk_overbooks": False, "country": "ES"}
    insert("clinics", {"id": ids["clinic"], "name": "Puerto", **same} | usual)
    for number, patient_id in enumerate((ids["first"], ids["second"])):
        names = {
            "family_name": "Zamora",
            "given_name": "Luz",
            "sort_name": "zamora luz",
            "birth_date": "1987-03-27",
        }
        own = {"id": patient_id, "clinic_id": ids["clinic"], "mrn": f"P-00009{number}"}
        insert("patients", own | names | {"sex": "unknown", "state": "active"})
    return ids
