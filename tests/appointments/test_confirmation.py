"""The patient's confirmation of an appointment, recorded by the desk and by programs."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from clinic.appointments.service import IllegalTransition, appointment_service
from tests.assertions import rows, spoken
from tests.builders import MONDAY, an_appointment
from tests.page_client import hidden_value

URL = "/api/v1/appointments"


@pytest.fixture
def booked(here):
    """The id of a booked appointment."""
    with here():
        return an_appointment().id


def test_a_confirmation_is_recorded_once_in_the_history(client, app, booked, published):
    first = client.post(f"{URL}/{booked}/confirmation", json={})
    again = client.post(f"{URL}/{booked}/confirmation", json={})

    assert (first.status_code, first.json["version"], again.json) == (200, 2, first.json)
    assert first.json["confirmed_at"].endswith("Z")
    assert [row["action"] for row in rows(app, "appointment_history")] == ["book", "confirmation"]
    assert [name for name, _ in published].count("appointment.confirmed") == 1


def test_a_confirmation_can_be_withdrawn(client, app, booked):
    client.post(f"{URL}/{booked}/confirmation", json={})

    answer = client.post(f"{URL}/{booked}/confirmation/withdrawal", json={})

    assert answer.json["confirmed_at"] is None
    assert rows(app, "appointment_history")[-1]["action"] == "unconfirmation"


def test_a_cancelled_appointment_is_not_confirmed(inside):
    appointment = an_appointment()
    appointment_service.cancel(appointment.id)

    with pytest.raises(IllegalTransition):
        appointment_service.confirm(appointment.id)


def test_a_confirmation_leaves_the_booking_and_a_move_to_be_undone(inside):
    appointment = an_appointment()
    appointment_service.confirm(appointment.id)

    assert appointment_service.undo(appointment.id).status == "entered-in-error"


def test_a_move_to_another_time_clears_the_confirmation_and_its_undo_restores_it(inside):
    appointment = an_appointment()
    confirmed_at = appointment_service.confirm(appointment.id).confirmed_at
    later = MONDAY + timedelta(hours=1)

    moved = appointment_service.reschedule(appointment.id, starts_at=later, overbook_reason="Known")
    assert moved.confirmed_at is None

    assert appointment_service.undo(appointment.id).confirmed_at == confirmed_at


def test_the_desk_confirms_on_the_page_and_sees_it_there_and_on_the_day(client, booked):
    page = f"/appointments/{booked}"
    fields = {name: hidden_value(client.get(page).text, name) for name in ("version", "origin", "key")}
    client.submit(f"{page}/confirmation", **fields)

    shown = client.get(page).text
    assert "Not confirmed" in shown
    assert "Confirmed by the patient" in shown
    assert "Confirmed" in spoken(client.get("/appointments?day=2029-11-26").text)


def test_the_command_confirms_and_withdraws(run, booked):
    confirmed = json.loads(run("appointments", "confirm", booked, "--json").stdout)
    withdrawn = json.loads(run("appointments", "confirm", booked, "--withdraw", "--json").stdout)

    assert confirmed["confirmed_at"]
    assert withdrawn["confirmed_at"] is None
    assert run("appointments", "confirm", uuid4()).exit_code == 3
