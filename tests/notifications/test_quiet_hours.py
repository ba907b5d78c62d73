"""Quiet hours follow the clocks of the clinic, also on the days on which these change."""

from datetime import UTC, datetime

import pytest

from clinic.notifications.quiet_hours import QuietHours

NIGHT = (21 * 60, 8 * 60)


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "hours"),
    [
        ("Europe/Lisbon", "2026-03-28T21:00", "2026-03-29T07:00", 10),
        ("Europe/Lisbon", "2026-10-24T20:00", "2026-10-25T08:00", 12),
        ("Australia/Lord_Howe", "2026-04-04T10:00", "2026-04-04T21:30", 11.5),
        ("Australia/Lord_Howe", "2026-10-03T10:30", "2026-10-03T21:00", 10.5),
        ("Asia/Kolkata", "2026-03-02T15:30", "2026-03-03T02:30", 11),
    ],
)
def test_a_night_is_as_long_as_the_clocks_make_it(zone, begins, ends, hours):
    quiet, first, last = QuietHours(*NIGHT, zone), instant(begins), instant(ends)
    middle = first + (last - first) / 2

    assert (last - first).total_seconds() == hours * 3600
    assert [quiet.holds(at) for at in (first, middle, last)] == [True, True, False]
    assert (quiet.start_before(middle), quiet.end_after(middle)) == (first, last)


def test_an_end_that_the_clocks_skip_is_when_they_go_on():
    quiet = QuietHours(21 * 60, 90, "Europe/Lisbon")

    assert quiet.end_after(instant("2026-03-29T00:30")) == instant("2026-03-29T01:30")
    assert not quiet.holds(instant("2026-03-29T01:00"))


def test_an_end_that_the_clocks_show_twice_ends_no_hour_in_the_past():
    quiet = QuietHours(21 * 60, 90, "Europe/Lisbon")

    assert quiet.end_after(instant("2026-10-25T00:15")) == instant("2026-10-25T00:30")
    assert quiet.end_after(instant("2026-10-25T01:15")) == instant("2026-10-25T01:30")


def test_quiet_hours_within_a_day_hold_only_them():
    quiet = QuietHours(12 * 60, 14 * 60, "Europe/Lisbon")

    assert [quiet.holds(instant(f"2026-03-02T{hour}:00")) for hour in (11, 12, 13, 14)] == [False, True, True, False]
    assert quiet.end_after(instant("2026-03-02T13:00")) == instant("2026-03-02T14:00")


def test_a_clinic_without_quiet_hours_is_never_quiet():
    quiet = QuietHours(None, 480, "Europe/Lisbon")

    assert not any(quiet.holds(instant(f"2026-03-02T{hour:02}:00")) for hour in range(24))
