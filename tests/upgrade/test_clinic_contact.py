"""A clinic of revision 0021 has no contact particulars after the upgrade, can be given some, and keeps the rest."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.clinics import clinic_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

SETTINGS = {"name": "Puerto", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR", "locale": "es_ES"}
LIMITS = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def clinic_id(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A clinic of revision 0021, upgraded."""
    with an_older_database(request.param, tmp_path, "0021"):
        clinic_id = uuid4()
        insert("clinics", {"id": clinic_id, **SETTINGS, **LIMITS})
        upgrade()
        with clinic_scope(clinic_id):
            yield clinic_id


def test_a_clinic_gets_contact_particulars_after_the_upgrade(clinic_id: UUID) -> None:
    before = clinic_service.current()
    assert (before.name, before.address, before.phone, before.email) == ("Puerto", None, None, None)

    clinic_service.update(version=1, address="Muelle 3\n28001 Madrid", phone="+34910000000")

    assert clinic_service.current(reload=True).address == "Muelle 3\n28001 Madrid"


def test_a_downgrade_drops_them_only_if_asked_to(clinic_id: UUID) -> None:
    clinic_service.update(version=1, phone="+34910000000")
    db.session.remove()
    run = current_app.test_cli_runner().invoke

    refused = run(args=["db", "downgrade", "0021"])
    done = run(args=["db", "downgrade", "0021", "--delete-data"])

    assert (refused.exit_code != 0, done.exit_code) == (True, 0), done.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT name, locale FROM clinics")).all() == [("Puerto", "es_ES")]
