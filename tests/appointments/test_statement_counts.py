"""How many SQL statements a booking, free times and a list take."""

from datetime import timedelta

import pytest

from clinic.appointments.service import WeeklyRange, hours_service
from tests.appointments.schedule import a_room, a_service, book
from tests.builders import MONDAY, a_patient, a_practitioner
from tests.statements import counted_statements, of_rows

WEEK = "from=2029-11-26&to=2029-12-02"


@pytest.fixture
def resources(here):
    """A practitioner with hours, a room, a service in it that only they offer, and a patient."""
    with here():
        practitioner, room = a_practitioner(), a_room()
        hours_service.set_week(practitioner.id, [WeeklyRange(day, 480, 1020, room.id) for day in range(5)])
        a_room("Room 2")
        service = a_service(rooms=[room], practitioner_ids=[practitioner.id])
        return {
            "practitioner_id": practitioner.id,
            "room_id": room.id,
            "service_id": service.id,
            "patient_id": a_patient().id,
        }


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["practitioner_id"],
        ["service_id"],
        ["room_id", "patient_id"],
        ["practitioner_id", "room_id", "service_id", "patient_id"],
    ],
)
def test_free_times_take_at_most_four_statements_beside_the_key(app, client, resources, names):
    query = "&".join(f"{name}={resources[name]}" for name in names)
    client.get("/api/v1/practitioners")

    with counted_statements(app) as seen:
        answer = client.get(f"/api/v1/availability?{WEEK}&explain=true&{query}")

    assert answer.json["data"]
    assert answer.json["refused"]
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 4, seen


def test_a_booking_reads_each_row_once(app, here):
    with here():
        patient, practitioner = a_patient(), a_practitioner()
        book(MONDAY, patient=patient, practitioner=practitioner)

        with counted_statements(app) as seen:
            book(MONDAY + timedelta(hours=1), patient=patient, practitioner=practitioner)

    reading = [one.split("FROM ", 1)[1].split()[0] for one in of_rows(seen) if one.startswith("SELECT")]
    booking = ["practitioners", "patients", "clinics", "appointments", "weekly_hours"]
    message = ["appointments", "patients", "notifications", "deliveries"]
    assert reading == [*booking, *message]
    assert len(of_rows(seen)) <= 17, seen


def test_a_booking_of_a_service_in_a_room_takes_two_statements_more(app, here):
    with here():
        patient, practitioner, service = a_patient(), a_practitioner(), a_service(rooms=[a_room(), a_room("Room 2")])
        book(MONDAY, patient=patient, practitioner=practitioner, service=service)

    with here(), counted_statements(app) as seen:
        book(MONDAY + timedelta(hours=1), patient=patient, practitioner=practitioner, service=service)

    assert len(of_rows(seen)) <= 19, seen
