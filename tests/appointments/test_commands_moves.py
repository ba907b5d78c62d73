"""`flask appointments …` after the booking: moves, states, undo, and the search for free times."""

import json

import pytest

from tests.appointments.schedule import a_room, a_service
from tests.appointments.test_json_moves import working_hours
from tests.assertions import row_counts, rows
from tests.builders import a_practitioner, an_appointment, somebody

WHEN = "2029-11-26 09:00"
BOOK = ["appointments", "book", "--patient", "P-000001", "--practitioner", "Dr Amara Okafor", "--starts", WHEN]


@pytest.fixture
def clinic_day(here):
    """A patient, a practitioner who works on Mondays from nine to ten, two rooms and a service."""
    with here():
        somebody()
        working_hours(a_practitioner().id)
        a_service("Check-up", rooms=[a_room("A"), a_room("B")], buffer_after=15)


@pytest.fixture
def booked(run, clinic_day):
    """The id of a booked appointment."""
    return json.loads(run(*BOOK, "--json").stdout)["id"]


def test_booking_takes_a_service_a_room_and_why(app, run, clinic_day):
    more = ["--service", "Check-up", "--room", "B", "--reason", "Toothache", "--note", "Fasting"]

    result = run(*BOOK, *more, "--json")

    found = json.loads(result.stdout)
    assert found.items() >= {"reason": "Toothache", "note": "Fasting", "ends_at": "2029-11-26T09:30:00Z"}.items()
    assert [row["room_id"] for row in rows(app, "appointments")] == [rows(app, "rooms")[1]["id"]]
    late = run(*BOOK[:-1], "2029-11-26 12:00")
    assert (late.exit_code, late.stderr) == (5, "Error: This time is outside the working hours: choose another one\n")
    assert run(*BOOK[:-1], "2029-11-26 12:00", "--overbook", "Emergency").exit_code == 0


@pytest.mark.slow
def test_a_visit_that_is_over_is_recorded_as_fulfilled(app, run, clinic_day):
    early = run(*BOOK, "--status", "fulfilled")
    over = run(*BOOK[:-1], "2026-11-02 09:00", "--status", "fulfilled", "--json")

    assert (early.exit_code, row_counts(app)["appointments"]) == (2, 1)
    assert json.loads(over.stdout)["status"] == "fulfilled"


def test_an_appointment_is_moved_lived_through_and_taken_back(app, run, booked):
    steps = [
        (["move", booked, "--starts", "2029-11-26 09:30", "--minutes", "15"], "booked"),
        (["arrive", booked], "arrived"),
        (["check-in", booked], "checked-in"),
        (["fulfil", booked], "fulfilled"),
        (["undo", booked], "checked-in"),
    ]

    for args, status in steps:
        result = run("appointments", *args, "--json")
        assert (result.exit_code, json.loads(result.stdout)["status"]) == (0, status), result.stderr
        assert f"flask appointments undo {booked}" in result.stderr

    moved = rows(app, "appointments")[0]
    assert (moved["starts_at"].isoformat()[:16], moved["ends_at"].isoformat()[:16]) == (
        "2029-11-26T09:30",
        "2029-11-26T09:45",
    )


def test_what_is_wrong_is_one_line_and_a_code(app, run, booked):
    before = row_counts(app)

    for args, code, message in (
        (["move", booked, "--starts", "2027-03-28 01:30"], 2, "--starts: The clocks skip 01:30 on that day"),
        (["move", booked, "--starts", "2029-11-26 25:00"], 2, "--starts: Enter a time like 09:30"),
        (["move", booked, "--starts", "2029-11-26 10:00"], 5, "This time is outside the working hours"),
        (["move", booked, "--starts", WHEN, "--room", "Nowhere"], 3, "There is no such room"),
        (["no-show", booked], 5, "This appointment is booked: it can't be marked as missed before it starts"),
        (["fulfil", booked], 5, "This appointment is booked: it can't be marked as done"),
        (["arrive", booked, "--happened-at", "9:00"], 2, "--happened-at: Enter a date and time"),
        (["slots", "--from", "2029-01-01", "--to", "2056-01-01"], 2, "--to: Choose at most 31 days"),
        (["slots", "--practitioner", "Nobody"], 3, "There is no such practitioner"),
    ):
        result = run("appointments", *args)
        assert (result.exit_code, len(result.stderr.splitlines())) == (code, 1), (args, result.stderr)
        assert result.stderr.startswith(f"Error: {message}"), result.stderr
    assert row_counts(app) == before


def test_free_times_are_listed_and_the_others_explained(run, here, booked):
    query = ["appointments", "slots", "--from", "2029-11-26", "--to", "2029-11-26", "--service", "Check-up"]

    free = json.loads(run(*query, "--json").stdout)
    refused = run(*query, "--practitioner", "Dr Amara Okafor", "--explain").stdout.splitlines()

    assert [slot["starts_at"] for slot in free] == ["2029-11-26T09:30:00Z"]
    reasons = {line.split("\t")[0]: line.split("\t")[1] for line in refused}
    assert (reasons["2029-11-26T09:00:00Z"], reasons["2029-11-26T10:00:00Z"]) == ("taken", "outside-hours")
    assert len(run(*query[:-2], "--patient", "P-000001", "--length", "60", "--room", "A").stdout.splitlines()) == 0
    with here():
        assert an_appointment().status == "booked"
