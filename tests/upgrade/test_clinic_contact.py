"""A clinic of revision 0021 has no contact particulars after the upgrade, can be given some, and keeps the rest."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.identity.clinics import clinic_service
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0021"

SETTINGS = {"name": "Puerto", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR", "locale": "es_ES"}
LIMITS = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}


def test_a_clinic_gets_contact_particulars_after_the_upgrade(ids: dict[str, UUID]) -> None:
    before = clinic_service.current()
    assert (before.name, before.address, before.phone, before.email) == ("Puerto", None, None, None)

    clinic_service.update(version=1, address="Muelle 3\n28001 Madrid", phone="+34910000000")

    assert clinic_service.current(reload=True).address == "Muelle 3\n28001 Madrid"


def test_a_downgrade_drops_them_only_if_asked_to(ids: dict[str, UUID]) -> None:
    clinic_service.update(version=1, phone="+34910000000")

    refused, done = downgrade(REVISION), downgrade(REVISION, "--delete-data")

    assert (refused.exit_code != 0, done.exit_code) == (True, 0), done.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT name, locale FROM clinics")).all() == [("Puerto", "es_ES")]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic."""
    ids = {"clinic": uuid4()}
    insert("clinics", {"id": ids["clinic"], **SETTINGS, **LIMITS})
    return ids
