"""`flask appointments …`, as operators know it."""

import json
from uuid import uuid4

import pytest

from tests.assertions import row_counts, rows, stored_events
from tests.builders import OWN, a_patient, a_practitioner, an_appointment

WHEN = "2029-11-26 09:00"
WRONG = [
    (["book", "--patient", "P-999999", "--practitioner", "Dr Amara Okafor", "--starts", WHEN], 3),
    (["book", "--patient", "P-000001", "--practitioner", "Nobody", "--starts", WHEN], 3),
    (["book", "--patient", "\udcff", "--practitioner", "Dr Amara Okafor", "--starts", WHEN], 2),
    (["book", "--patient", "P-000001", "--practitioner", "\udcff", "--starts", WHEN], 3),
    (["book", "--patient", "P-000001"], 2),
    (["cancel", "1"], 2),
    (["cancel", str(uuid4())], 3),
    (["list", "--day", "x"], 2),
    (["add-practitioner", "--name", " "], 2),
]


@pytest.fixture
def book(run, here):
    """Book the first patient: `book("--minutes", "45")`."""
    with here():
        a_patient()
        a_practitioner()
    return lambda *options, starts=WHEN: run(
        "appointments",
        "book",
        "--patient",
        "P-000001",
        "--practitioner",
        "Dr Amara Okafor",
        "--starts",
        starts,
        *options,
    )


@pytest.mark.slow
def test_booking_prints_the_appointment_and_what_to_do_next(book):
    result = book("--json")

    booked = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (booked["starts_at"], booked["ends_at"]) == ("2029-11-26T09:00:00Z", "2029-11-26T09:30:00Z")
    assert f"flask appointments cancel {booked['id']}" in result.stderr


@pytest.mark.slow
def test_booking_and_cancelling_publish_exactly_their_ids(app, run, book, published):
    booked = json.loads(book("--json").stdout)
    run("appointments", "cancel", booked["id"])

    assert published == [
        ("appointment.scheduled", {"appointment_id": booked["id"], "patient_id": booked["patient_id"]}),
        ("appointment.cancelled", {"appointment_id": booked["id"]}),
    ]
    assert stored_events(app, "appointment.cancelled") == [{"appointment_id": booked["id"]}]
    assert all(event["actor"].startswith("cli:") for event in rows(app, "events")[1:])


@pytest.mark.slow
def test_a_taken_time_is_a_conflict(app, book):
    book()
    before = row_counts(app)

    result = book()

    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == "Error: This time is taken: choose another one\n"
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_days_appointments_are_listed(run, book):
    booked = json.loads(book("--json").stdout)

    assert json.loads(run("appointments", "list", "--day", "2029-11-26", "--json").stdout) == [booked]
    assert json.loads(run("appointments", "list", "--day", "2029-11-27", "--json").stdout) == []
    assert run("appointments", "list", "--day", "2029-11-26").stdout.split("\t")[2] == "booked"


@pytest.mark.slow
def test_cancelling_twice_is_a_conflict(run, here):
    with here():
        appointment_id = str(an_appointment().id)

    first = run("appointments", "cancel", appointment_id, "--reason", "patient", "--note", "Has a cold", "--json")
    second = run("appointments", "cancel", appointment_id)

    assert json.loads(first.stdout).items() >= {"status": "cancelled", "cancel_reason": "patient"}.items()
    assert (second.exit_code, second.stderr) == (5, "Error: This appointment is cancelled: it can't be cancelled\n")


@pytest.mark.slow
def test_a_start_that_makes_no_sense_is_refused_by_the_name_of_its_option(app, book):
    for starts, words in (
        ("2029-11-31 09:00", "--starts: Enter a date like 2026-11-23"),
        ("2029-11-26", "--starts: Enter the time"),
        ("2029-11-26 25:00", "--starts: Enter a time like 09:30"),
        ("tomorrow", "--starts: Enter a date like 2026-11-23; --starts: Enter the time"),
        ("2029-11-26 \udcff", "--starts: Leave out control characters"),
    ):
        result = book(starts=starts)
        assert (result.exit_code, result.stderr) == (2, f"Error: {words}\n")

    assert rows(app, "appointments") == []


@pytest.mark.slow
def test_wrong_input_is_answered_in_one_line_and_a_code(app, run, book):
    before = row_counts(app)

    for args, code in WRONG:
        result = run("appointments", *args)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), args

    assert row_counts(app) == before


def test_somebody_of_another_clinic_can_not_be_booked(app, run, here, other_clinic, book):
    with here(other_clinic.id):
        theirs = {"--patient": str(a_patient().id), "--practitioner": str(a_practitioner("Dr Secret").id)}

    for option, an_id in theirs.items():
        result = book(option, an_id, "--clinic", OWN)
        assert result.exit_code == 3
        assert "Secret" not in result.stderr
    assert rows(app, "appointments") == []


def test_practitioners_are_added_and_listed(run):
    added = run("appointments", "add-practitioner", "--name", "Dr Brandt", "--speciality", "Cardiology", "--json")

    assert json.loads(added.stdout)["name"] == "Dr Brandt"
    assert run("appointments", "practitioners").stdout.split("\t")[:2] == ["Dr Brandt", "Cardiology"]
