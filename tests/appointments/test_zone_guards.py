"""Thousands of appointments move to another time zone at once, within the guards of the database."""

from datetime import UTC, datetime

import pytest

from clinic.core.clock import wall_time
from tests.appointments.schedule import a_room, a_service, book
from tests.appointments.zones import (
    AZORES,
    HALIFAX,
    LISBON,
    MADRID,
    SANTIAGO,
    as_stored,
    copies,
    every_half_hour,
    move_to,
    overlaps,
)
from tests.assertions import row_counts, rows
from tests.statements import counted_statements, of_rows

pytestmark = pytest.mark.usefixtures("inside")


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("zone", "other"), [(LISBON, MADRID), (LISBON, AZORES), (HALIFAX, SANTIAGO), (SANTIAGO, HALIFAX)]
)
def test_full_days_move_at_once_within_the_guards(app, zone, other):
    """One practitioner, room and patient have appointments back to back; half a year later they move the other way."""
    move_to(zone)
    first = book(datetime(2029, 1, 1, 16, tzinfo=UTC), service=a_service(rooms=[a_room()]))
    walls = [*every_half_hour(datetime(2029, 1, 10), 2), *every_half_hour(datetime(2029, 7, 10), 2)]
    copies(app, first, walls, zone)

    move_to(other)

    stored = [row for row in rows(app, "appointments") if row["id"] != first.id]
    assert sorted(row["wall_start"] for row in stored) == walls
    assert {row["zone"] for row in stored} == {other}
    assert all(wall_time(row["starts_at"], other) == row["wall_start"] for row in stored)
    assert row_counts(app)["appointment_history"] == 2 + len(walls)
    assert overlaps(app) == 0


@pytest.mark.slow
def test_there_and_back_again_is_as_before(app):
    copies(app, book(), every_half_hour(datetime(2029, 7, 10)), LISBON)
    before = {row["id"]: (row["starts_at"], row["blocked_until"]) for row in rows(app, "appointments")}

    move_to("Asia/Kolkata")
    move_to(LISBON)

    assert {row["id"]: (row["starts_at"], row["blocked_until"]) for row in rows(app, "appointments")} == before


@pytest.mark.slow
def test_a_change_takes_as_many_statements_for_many_appointments_as_for_few(app):
    first = book()
    with counted_statements(app) as few:
        move_to(MADRID)
    copies(app, as_stored(first), every_half_hour(datetime(2029, 7, 10), 10), MADRID)

    with counted_statements(app) as many:
        move_to(LISBON)

    assert len(of_rows(many)) == len(of_rows(few)) <= 12


@pytest.mark.slow
@pytest.mark.both_databases
def test_five_thousand_appointments_move_in_one_transaction(app):
    first = book(datetime(2029, 1, 1, 16, tzinfo=UTC))
    copies(app, first, every_half_hour(datetime(2029, 5, 1), 104), LISBON)

    with counted_statements(app) as statements:
        move_to(MADRID)

    assert row_counts(app)["appointment_history"] == 2 + 48 * 104
    assert len(of_rows(statements)) <= 20
    assert overlaps(app) == 0
