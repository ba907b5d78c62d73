"""Messages of revision 0029 stay as they are when planned ones and the heartbeat of workers come."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.heartbeat import Heartbeat, worker_status
from clinic.notifications.models import Notification
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0029"

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
PERSON = {"mrn": "P-000001", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}


def test_a_sent_message_stays_and_was_planned_for_no_time(ids: dict[str, UUID]) -> None:
    kept = db.session.get_one(Notification, ids["message"])

    assert (kept.state, kept.attempts, kept.about_at, kept.settings_version) == ("sent", 1, None, None)


def test_a_clinic_has_the_settings_that_a_new_one_has(ids: dict[str, UUID]) -> None:
    settings = settings_service.get()

    assert (settings.quiet_hours.starts, settings.quiet_hours.ends) == (21 * 60, 8 * 60)
    assert plan_due() == 0


def test_workers_are_recorded_after_the_upgrade(ids: dict[str, UUID]) -> None:
    assert worker_status().seen_at is None

    Heartbeat().beat()

    assert worker_status().is_running


def test_messages_stay_when_planned_ones_go(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT state FROM notifications")).scalars().all() == ["sent"]


def insert_rows() -> dict[str, UUID]:
    """Insert a sent message."""
    ids = {name: uuid4() for name in ("clinic", "patient", "message")}
    clinic, patient = ids["clinic"], ids["patient"]
    insert(
        "clinics",
        {"id": clinic, "zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False, **CLINIC},
    )
    insert("patients", {"id": patient, "clinic_id": clinic, "state": "active", **PERSON})
    _insert_message(ids["message"], clinic, patient)
    return ids


def _insert_message(id_: UUID, clinic: UUID, patient: UUID) -> None:
    about = {"kind": "welcome", "about_id": uuid4(), "about_version": 1, "offset_minutes": 0, "channel": "email"}
    times = {"due_at": NOW, "created_at": NOW, "sent_at": NOW}
    owners = {"id": id_, "clinic_id": clinic, "patient_id": patient}
    values = {**owners, **about, **times, "state": "sent", "attempts": 1, "handed_over": True}
    insert_plain("notifications", values)
