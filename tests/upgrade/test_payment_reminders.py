"""Settings of messages of revision 0043 send no payment reminders, and keep what they say when the schema goes back."""

from pathlib import Path
from uuid import uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import inspect

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.notifications.settings import settings_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

BEFORE = "0043"
CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
SETTINGS = {"reminder_offsets": "[2880, 180]", "quiet": True, "quiet_from": 1260, "quiet_until": 480, "version": 3}


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_a_clinic_with_settings_reminds_of_no_payment_until_it_says_so(database: str, tmp_path: Path) -> None:
    with an_older_database(database, tmp_path, BEFORE):
        clinic = uuid4()
        zone = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
        insert("clinics", {"id": clinic, **zone, **CLINIC})
        insert("notification_settings", {"id": uuid4(), "clinic_id": clinic, **SETTINGS})

        upgrade()

        with clinic_scope(clinic):
            found = settings_service.get()
        assert (found.payment_reminder_days, found.reminder_offsets) == ([], [2880, 180])
        assert _due_index() == ["clinic_id", "state", "due_at", "id"]
        db.session.remove()
        result = current_app.test_cli_runner().invoke(args=["db", "downgrade", BEFORE, "--delete-data"])
        assert result.exit_code == 0, result.output
        columns = {column["name"] for column in inspect(db.engine).get_columns("notification_settings")}
        assert "payment_reminder_days" not in columns
        assert _due_index() == ["clinic_id", "state", "due_at"]


def _due_index() -> list[str | None]:
    indexes = inspect(db.engine).get_indexes("notifications")
    return next(index["column_names"] for index in indexes if index["name"] == "ix_notifications_due")
