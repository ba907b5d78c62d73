"""The demo's schedule shows a day in full swing."""

import random
from collections import Counter
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask

from clinic.appointments.service import appointment_service, closure_service, hours_exception_service
from clinic.core.context import as_actor
from clinic.core.unit_of_work import unit_of_work
from clinic.operations.demo_billing import INVOICES, PRICES
from clinic.operations.demo_data import ACTOR
from clinic.operations.demo_schedule import MOST_A_DAY, fill_schedule
from clinic.patients.service import patient_service
from tests.assertions import rows
from tests.databases import on_sqlite_only

WEDNESDAY = date(2029, 11, 28)


@on_sqlite_only
@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_past_days_are_over_today_is_in_full_swing_and_the_next_ones_are_booked(app: Flask) -> None:
    with time_machine.travel(datetime(2029, 11, 28, 10, 52, tzinfo=UTC), tick=False), as_actor(ACTOR):
        with unit_of_work():
            patients = [patient_service.create(family_name=f"Person {number}") for number in range(MOST_A_DAY)]
        visits = fill_schedule(random.Random(1), patients, date(2029, 11, 26), {})

        days = [appointment_service.day(WEDNESDAY.replace(day=day)) for day in (27, 28, 29)]

    assert len(visits) >= INVOICES
    assert {visit.service for visit in visits} <= PRICES.keys()
    found = [appointment_service.get(visit.appointment_id) for visit in visits if visit.appointment_id]
    assert (len(found), {one.status for one in found}) == (len(visits), {"fulfilled"})
    states = [Counter(one.status for one in day) for day in days]
    assert set(states[0]) == {"fulfilled", "noshow"}
    assert {"fulfilled", "checked-in", "booked"} <= set(states[1])
    assert set(states[2]) == {"booked", "cancelled"}
    assert all(sum(day.values()) > 30 for day in states)
    assert {row["action"] for row in rows(app, "appointment_history")} >= {
        "record",
        "book",
        "arrive",
        "check-in",
        "no-show",
    }
    assert [row.note for row in hours_exception_service.list().rows] == ["Congress, Porto", "Back school"]
    assert [row.name for row in closure_service.list().rows] == ["Team training"]
    assert not rows(app, "notifications") or {row["state"] for row in rows(app, "notifications")} == {"suppressed"}
