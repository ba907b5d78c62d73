"""Settings of messages of revision 0043 send no payment reminders, and keep what they say when the schema goes back."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect

from clinic.core.db import db
from clinic.notifications.settings import settings_service
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0043"

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
SETTINGS = {"reminder_offsets": "[2880, 180]", "quiet": True, "quiet_from": 1260, "quiet_until": 480, "version": 3}


def test_a_clinic_with_settings_reminds_of_no_payment_until_it_says_so(ids: dict[str, UUID]) -> None:
    found = settings_service.get()
    index = _due_index()
    result = downgrade(REVISION, "--delete-data")

    assert (found.payment_reminder_days, found.reminder_offsets) == ([], [2880, 180])
    assert index == ["clinic_id", "state", "due_at", "id"]
    assert result.exit_code == 0, result.output
    columns = {column["name"] for column in inspect(db.engine).get_columns("notification_settings")}
    assert "payment_reminder_days" not in columns
    assert _due_index() == ["clinic_id", "state", "due_at"]


def _due_index() -> list[str | None]:
    indexes = inspect(db.engine).get_indexes("notifications")
    return next(index["column_names"] for index in indexes if index["name"] == "ix_notifications_due")


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with settings of its messages."""
    ids = {"clinic": uuid4()}
    zone = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": ids["clinic"], **zone, **CLINIC})
    insert("notification_settings", {"id": uuid4(), "clinic_id": ids["clinic"], **SETTINGS})
    return ids
