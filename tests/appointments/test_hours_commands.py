"""The commands `flask hours …`."""

import json
from datetime import UTC, date, datetime

import pytest

from clinic.appointments.service import (
    appointment_service,
    closure_service,
    hours_exception_service,
    hours_service,
    practitioner_service,
)
from tests.builders import an_appointment


@pytest.fixture
def practitioner(here):
    """Somebody with an appointment on a Monday at nine."""
    with here():
        return practitioner_service.get(an_appointment().practitioner_id)


def test_a_week_is_set_and_shown(run, practitioner):
    done = run("hours", "set", practitioner.name, "--mon", "8-12:30,13.15-17", "--fri", "9–24", "--json")
    shown = run("hours", "show", str(practitioner.id))

    assert (done.exit_code, shown.exit_code) == (0, 0)
    ranges = [
        (one["day"], one["starts"], one["ends"]) for week in json.loads(done.stdout)["weeks"] for one in week["ranges"]
    ]
    assert ranges == [("mon", "08:00", "12:30"), ("mon", "13:15", "17:00"), ("fri", "09:00", "24:00")]
    assert "No booked appointments fall outside these hours" in done.stderr
    assert shown.stdout.splitlines()[0].split("\t") == ["", "", "mon", "08:00", "12:30", ""]


def test_opening_hours_are_those_of_no_practitioner(run, here):
    assert "No opening hours are set" in run("hours", "show").stderr

    run("hours", "set", "--mon", "8-19", "--valid-from", "2029-12-01")

    with here():
        assert [str(week.valid_from) for week in hours_service.get(None).weeks] == ["2029-12-01"]


def test_every_wrong_range_is_named_with_its_day(run, practitioner, here):
    options = ("--mon", "25:00-26", "--tue", "8-12:30,12-17", "--fri", "14-9", "--valid-from", "soon")
    refused = run("hours", "set", practitioner.name, *options)

    assert refused.exit_code == 2
    for text in (
        "--mon: Enter a time like 09:30, not 25:00-26",
        "--tue: Tuesday: 08:00–12:30 and 12:00–17:00 overlap",
        "--fri: Friday: 14:00–09:00 ends before it starts",
        "--valid-from: Enter a date like 2026-11-23",
    ):
        assert text in refused.stderr
    with here():
        assert hours_service.get(practitioner.id).weeks == []


def test_a_dry_run_lists_what_falls_outside_and_changes_nothing(run, practitioner, here):
    for command in (
        ("set", practitioner.name, "--mon", "10-12"),
        ("leave", practitioner.name, "2029-11-26", "2029-11-30"),
        ("close", "Fire drill", "2029-11-26"),
    ):
        shown = run("hours", *command, "--dry-run")

        assert (shown.exit_code, len(shown.stdout.splitlines())) == (0, 1)
        assert "1 booked appointment falls outside these hours. Nothing was changed" in shown.stderr
    with here():
        assert hours_service.get(practitioner.id).weeks == []
        assert not [*hours_exception_service.list().rows, *closure_service.list().rows]


def test_leave_and_closures_are_planned(run, practitioner, here):
    away = run("hours", "leave", practitioner.name, "2029-11-26", "--starts", "14", "--ends", "17", "--note", "School")
    closed = run("hours", "close", "Summer", "2029-08-01", "2029-08-14", "--json")

    assert "starts\t14:00" in away.stdout
    assert json.loads(closed.stdout)["last_day"] == "2029-08-14"
    assert run("hours", "close", "Ever", "2029-08-01", "2057-01-01").exit_code == 2
    with here():
        (kept,) = hours_exception_service.list().rows
        assert (kept.starts, kept.ends, kept.note) == (840, 1020, "School")


def test_public_holidays_are_imported_once_and_optional_ones_on_demand(run, here):
    listed = run("hours", "import-holidays", "--year", "2029", "--dry-run", "--json")
    first = run("hours", "import-holidays", "--year", "2029")
    again = run("hours", "import-holidays", "--year", "2029")
    every = run("hours", "import-holidays", "--year", "2029", "--all")

    optional = [row["name"] for row in json.loads(listed.stdout) if row["optional"]]
    public = len(json.loads(listed.stdout)) - len(optional)
    assert "Carnival" in optional
    messages = [done.stderr.strip() for done in (listed, first, again, every)]
    assert messages == [f"Saved {count} public holidays of 2029" for count in (0, public, 0, len(optional))]
    with here():
        assert len(closure_service.list().rows) == public + len(optional)
    assert run("hours", "import-holidays", "--year", "1066").exit_code == 2


def test_public_holidays_are_imported_with_what_becomes_of_the_appointments(run, here):
    with here():
        booked = an_appointment(starts_at=datetime(2029, 12, 25, 9, tzinfo=UTC)).id
    outside = json.loads(run("hours", "import-holidays", "--year", "2029", "--outside", "--json").stdout)
    moved_to = outside[0]["proposals"][0]

    done = run("hours", "import-holidays", "--year", "2029", "--appointment", f"{booked}={moved_to}")

    assert [(one["appointment_id"], one["reason"]) for one in outside] == [(str(booked), "Closed")]
    assert "1 booked appointment falls outside these hours: 1 moved" in done.stderr
    with here():
        assert appointment_service.get(booked).starts_at == datetime.fromisoformat(moved_to)
    assert run("hours", "import-holidays", "--year", "2030", "--appointment", f"{booked}=never").exit_code == 2


@pytest.mark.slow
def test_appointments_outside_are_moved_or_cancelled_with_the_change(run, practitioner, here):
    with here():
        first = appointment_service.day(date(2029, 11, 26))[0].id
        second = an_appointment(None, practitioner, datetime(2029, 11, 26, 9, 30, tzinfo=UTC)).id
    listed = run("hours", "set", practitioner.name, "--mon", "10-12", "--dry-run", "--json")
    start = json.loads(listed.stdout)[1]["proposals"][0]

    done = run(
        *("hours", "set", practitioner.name, "--mon", "10-12"),
        *("--appointment", f"{first}=cancel", "--appointment", f"{second}={start}"),
    )

    assert "2 booked appointments fall outside these hours: 1 moved, 1 cancelled" in done.stderr
    with here():
        found = [appointment_service.get(one) for one in (first, second)]
        assert [one.status for one in found] == ["cancelled", "booked"]
        assert found[1].starts_at == datetime(2029, 11, 26, 10, 30, tzinfo=UTC)


def test_a_wrong_choice_is_named_and_changes_nothing(run, practitioner, here):
    with here():
        outside = appointment_service.day(date(2029, 11, 26))[0].id
    for command in (
        ("set", practitioner.name, "--mon", "10-12"),
        ("leave", practitioner.name, "2029-11-26"),
        ("close", "Fire drill", "2029-11-26"),
    ):
        refused = run("hours", *command, "--appointment", f"{outside}=later")
        taken = run("hours", *command, "--appointment", f"{outside}=2029-11-26T09:00:00Z")
        twice = run("hours", *command, "--appointment", f"{outside}=keep", "--appointment", f"{outside}=cancel")

        codes = (refused.exit_code, taken.exit_code, twice.exit_code)
        assert codes == (2, 5, 2), (refused.stderr, taken.stderr, twice.stderr)
        assert "--appointment" in refused.stderr
        assert "Choose keep, cancel or a new start" in refused.stderr
    with here():
        assert hours_service.get(practitioner.id).weeks == []
        assert not [*hours_exception_service.list().rows, *closure_service.list().rows]
