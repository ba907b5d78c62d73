"""Bookings on the days on which the clinic's clocks change."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.assertions import element, row_counts, rows, spoken
from tests.builders import a_clinic, a_practitioner, appointment_fields, somebody

GAP = {"day": "2027-03-28", "time": "01:30"}
TWICE = {"day": "2027-10-31", "time": "01:30"}


@pytest.fixture(autouse=True)
def before() -> Iterator[None]:
    """A day before those on which the clocks change."""
    with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def typed(client, here):
    """What somebody types to book, but for the day and time."""
    with here():
        return {"patient": somebody().mrn, "practitioner_id": str(a_practitioner().id), "minutes": "30"}


def starts(app):
    return [
        row["starts_at"].replace(tzinfo=UTC) if row["starts_at"].tzinfo is None else row["starts_at"]
        for row in rows(app, "appointments")
    ]


def test_a_time_that_the_clocks_skip_is_refused_with_the_nearest_ones(app, client, typed):
    before = row_counts(app)

    answer = client.submit("/appointments/new", **typed, **GAP)

    assert answer.status_code == 422
    assert "The clocks skip 01:30 on that day: choose 00:59 or 02:00" in answer.text
    assert row_counts(app) == before


def test_a_command_refuses_a_time_that_the_clocks_skip(run, app, typed):
    result = run(
        "appointments",
        "book",
        "--patient",
        typed["patient"],
        "--practitioner",
        typed["practitioner_id"],
        "--starts",
        "2027-03-28 01:30",
    )

    assert result.exit_code == 2
    assert result.stderr == "Error: --starts: The clocks skip 01:30 on that day: choose 00:59 or 02:00\n"
    assert rows(app, "appointments") == []


def test_a_page_asks_which_of_two_times_is_meant(app, client, typed):
    answer = client.submit("/appointments/new", **typed, **TWICE)

    assert answer.status_code == 422
    assert "The clocks show this time twice on that day" in spoken(answer.text)
    assert 'type="radio"' in element(answer.text, "f-fold")
    assert 'value="01:30"' in element(answer.text, "f-time")
    assert rows(app, "appointments") == []


@pytest.mark.parametrize(("fold", "hour"), [("0", 0), ("1", 1)])
def test_the_one_that_is_chosen_is_booked(app, client, typed, fold, hour):
    assert client.submit("/appointments/new", **typed, **TWICE, fold=fold).status_code == 303

    assert starts(app) == [datetime(2027, 10, 31, hour, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("options", "hour"), [([], 0), (["--fold", "0"], 0), (["--fold", "1"], 1)])
def test_a_command_takes_the_earlier_one_unless_told_otherwise(app, run, typed, options, hour):
    result = run(
        "appointments",
        "book",
        "--patient",
        typed["patient"],
        "--practitioner",
        typed["practitioner_id"],
        "--starts",
        "2027-10-31 01:30",
        *options,
    )

    assert result.exit_code == 0
    assert starts(app) == [datetime(2027, 10, 31, hour, 30, tzinfo=UTC)]


@pytest.mark.slow
def test_both_of_two_times_can_be_booked(app, client, typed):
    for fold in ("0", "1"):
        assert client.submit("/appointments/new", **typed, **TWICE, fold=fold).status_code == 303

    page = spoken(client.get("/appointments?day=2027-10-31").text)
    assert "01:30 WEST–01:00 WET" in page
    assert "01:30 WET–02:00" in page


@pytest.mark.slow
def test_a_time_of_summer_is_an_hour_earlier_in_utc(app, client, typed):
    client.submit("/appointments/new", **typed, day="2027-07-14", time="09:00")

    assert starts(app) == [datetime(2027, 7, 14, 8, 0, tzinfo=UTC)]


def test_times_at_the_edge_of_the_calendar_are_refused_wherever_the_clinic_is(app, visitor):
    with app.app_context():
        tokyo = a_clinic(name="Tokyo", zone="Asia/Tokyo", currency="JPY", locale="ja_JP")
    client = visitor
    client.work_in(tokyo)
    practitioner = client.post("/api/v1/practitioners", json={"name": "Dr Sato"}).json["id"]
    patient = client.post("/api/v1/patients", json={"family_name": "山田"}).json["id"]
    fields = appointment_fields(patient, practitioner, starts_at="9999-12-31T23:00:00Z", ends_at="9999-12-31T23:30:00Z")

    answer = client.post("/api/v1/appointments", json=fields)

    assert answer.status_code == 422
    assert str(tokyo.id) == client.get("/api/v1/clinic").json["id"]
