"""Messages of revision 0029 stay as they are when planned ones and the heartbeat of workers come."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.heartbeat import Heartbeat, worker_status
from clinic.core.tenancy import clinic_scope
from clinic.notifications.models import Notification
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import NOW, an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
PERSON = {"mrn": "P-000001", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def message(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A sent message, upgraded."""
    with an_older_database(request.param, tmp_path, "0029"):
        clinic, patient, message = uuid4(), uuid4(), uuid4()
        insert(
            "clinics",
            {"id": clinic, "zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False, **CLINIC},
        )
        insert("patients", {"id": patient, "clinic_id": clinic, "state": "active", **PERSON})
        _insert_message(message, clinic, patient)
        upgrade()
        with clinic_scope(clinic):
            yield message


def _insert_message(id_: UUID, clinic: UUID, patient: UUID) -> None:
    about = {"kind": "welcome", "about_id": uuid4().hex, "about_version": 1, "offset_minutes": 0, "channel": "email"}
    times = {"due_at": NOW, "created_at": NOW, "sent_at": NOW}
    owners = {"id": id_.hex, "clinic_id": clinic.hex, "patient_id": patient.hex}
    values = {**owners, **about, **times, "state": "sent", "attempts": 1, "handed_over": True}
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO notifications ({names}) VALUES ({places})"), values)


def test_a_sent_message_stays_and_was_planned_for_no_time(message: UUID) -> None:
    kept = db.session.get_one(Notification, message)

    assert (kept.state, kept.attempts, kept.about_at, kept.settings_version) == ("sent", 1, None, None)


def test_a_clinic_has_the_settings_that_a_new_one_has(message: UUID) -> None:
    settings = settings_service.get()

    assert (settings.quiet_hours.starts, settings.quiet_hours.ends) == (21 * 60, 8 * 60)
    assert plan_due() == 0


def test_workers_are_recorded_after_the_upgrade(message: UUID) -> None:
    assert worker_status().seen_at is None

    Heartbeat().beat()

    assert worker_status().is_running


def test_messages_stay_when_planned_ones_go(message: UUID) -> None:
    db.session.remove()

    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", "0029", "--delete-data"])

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT state FROM notifications")).scalars().all() == ["sent"]
