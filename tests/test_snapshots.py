"""Rows that are stored once and inserted again."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from clinic.core.db import db
from tests.assertions import row_counts, rows
from tests.snapshots import Prepared


@pytest.mark.both_databases
def test_rows_are_inserted_as_if_they_were_stored_now(app: Flask, prepared: Prepared) -> None:
    tomorrow = prepared.clinic_rows.taken_at + timedelta(days=1)
    [stored] = prepared.clinic_rows.rows[db.metadata.tables["clinics"]]

    with time_machine.travel(tomorrow, tick=False), app.app_context(), db.engine.begin() as connection:
        prepared.clinic_rows.insert(connection)

    [inserted] = rows(app, "clinics")
    assert inserted == stored | {name: stored[name] + timedelta(days=1) for name in ("created_at", "updated_at")}


def test_the_rows_of_a_client_are_those_that_its_clinic_does_not_have(app: Flask, prepared: Prepared) -> None:
    with app.app_context(), db.engine.begin() as connection:
        prepared.clinic_rows.insert(connection)
        prepared.client_rows.insert(connection)

    counted = row_counts(app)
    assert [counted[table] for table in ("clinics", "staff_members", "memberships", "api_keys")] == [1, 1, 1, 1]
