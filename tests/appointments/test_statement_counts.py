"""How many SQL statements a booking, free times and a list take."""

from datetime import timedelta
from typing import Any

import pytest

from clinic.appointments.service import WeeklyRange, closure_service, hours_service
from tests.appointments.schedule import a_room, a_service, book
from tests.builders import MONDAY, a_practitioner, somebody
from tests.statements import counted_statements, of_rows

SUNDAY = MONDAY.date() - timedelta(days=1)
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
            "anywhere_id": a_service("Advice").id,
            "patient_id": somebody().id,
        }


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        [],
        ["practitioner_id"],
        ["service_id"],
        ["room_id", "patient_id"],
        ["practitioner_id", "room_id", "service_id", "patient_id"],
        ["practitioner_id", "room_id", "anywhere_id", "patient_id"],
    ],
)
def test_free_times_take_at_most_four_statements_beside_the_key(app, client, resources, names):
    query = "&".join(f"{name.replace('anywhere', 'service')}={resources[name]}" for name in names)

    with counted_statements(app) as seen:
        answer = client.get(f"/api/v1/availability?{WEEK}&explain=true&{query}")

    assert answer.json["data"]
    assert answer.json["refused"]
    assert len([one for one in of_rows(seen) if "api_keys" not in one]) <= 4, seen


def test_a_booking_reads_each_row_once(app, here):
    with here():
        patient, practitioner = somebody(), a_practitioner()
        book(MONDAY, patient=patient, practitioner=practitioner)

        with counted_statements(app) as seen:
            book(MONDAY + timedelta(hours=1), patient=patient, practitioner=practitioner)

    reading = [one.split("FROM ", 1)[1].split()[0] for one in of_rows(seen) if one.startswith("SELECT")]
    booking = ["practitioners", "patients", "clinics", "appointments", "weekly_hours"]
    recalls = ["recalls"]
    message = ["appointments", "patients", "notification_settings", "notifications"]
    planning = ["appointments", "notification_settings", "service_reminders", "clinics", "notifications"]
    assert reading == [*booking, *recalls, *message, *planning]
    assert len(of_rows(seen)) <= 26, seen


def test_a_booking_of_a_service_in_a_room_takes_two_statements_more(app, here):
    with here():
        patient, practitioner, service = somebody(), a_practitioner(), a_service(rooms=[a_room(), a_room("Room 2")])
        book(MONDAY, patient=patient, practitioner=practitioner, service=service)

    with here(), counted_statements(app) as seen:
        book(MONDAY + timedelta(hours=1), patient=patient, practitioner=practitioner, service=service)

    assert len(of_rows(seen)) <= 28, seen


@pytest.fixture
def practitioner_id(here):
    """One of two practitioners who have appointments with a service, in a room of their own, and with neither."""
    with here():
        rooms = [a_room(f"Room {number}") for number in range(3)]
        practitioners, service = [a_practitioner(), a_practitioner("Dr Else")], a_service(rooms=rooms[:2])
        for number, practitioner in enumerate(practitioners):
            options: list[dict[str, Any]] = [{"service": service}, {"room_id": rooms[2].id}, {}]
            for hour, fields in enumerate(options):
                at = MONDAY + timedelta(hours=hour + 3 * number)
                book(at, patient=somebody(), practitioner=practitioner, **fields)
        closure_service.create(name="Paint", first_day=SUNDAY, last_day=SUNDAY, room_id=rooms[0].id)
        return practitioners[0].id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("hours/{}", {"ranges-0-day": "mon", "ranges-0-starts": "13", "ranges-0-ends": "19", "ranges-0-room_id": ""}),
        ("opening-hours", {"ranges-0-day": "mon", "ranges-0-starts": "13", "ranges-0-ends": "19"}),
        ("hours/{}/exceptions/new", {"kind": "leave", "first_day": "2029-11-26"}),
        ("opening-hours/closures/new", {"first_day": "2029-11-26", "name": "Fire drill"}),
    ],
)
def test_a_check_of_what_falls_outside_takes_at_most_twelve_statements(app, client, practitioner_id, address, fields):
    url = f"/appointments/{address.format(practitioner_id)}"
    client.get(url)

    with counted_statements(app) as seen:
        page = client.submit(url, **fields, version="1", check="1")

    assert "booked appointments fall outside these hours" in page.text
    assert "Move to" in page.text
    assert len(of_rows(seen)) <= 12, seen
