"""When the reminders of a visit are due: before it, not in quiet hours, and not twice at the same time."""

from datetime import UTC, datetime

import pytest

from clinic.notifications.planning_rules import TOGETHER, TOO_LATE, Planned, plan_reminders, reminder_due
from clinic.notifications.quiet_hours import QuietHours

QUIET = QuietHours(21 * 60, 8 * 60, "Europe/Lisbon")
LONG_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 60


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of the clocks in Lisbon on a day of February 2026."""
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "offset", "due_at"),
    [
        (on(3, 10), 24 * HOUR, on(2, 10)),
        (on(3, 10), 3 * HOUR, on(3, 8)),
        (on(3, 9), 2 * HOUR, on(3, 8)),
        (on(3, 8, 59), 2 * HOUR, on(2, 20)),
        (on(3, 8), 11 * HOUR, on(2, 20)),
        (on(3, 8), 11 * HOUR + 1, on(2, 20, 59)),
    ],
    ids=["by day", "in the morning", "an hour before", "the evening before", "at nine", "just before nine"],
)
def test_a_reminder_waits_for_the_morning_or_comes_before_the_night(
    starts_at: datetime, offset: int, due_at: datetime
) -> None:
    assert reminder_due(starts_at, offset, QUIET) == due_at


def test_of_two_reminders_that_are_due_together_the_last_one_is_sent() -> None:
    planned = plan_reminders(on(3, 10), [3 * HOUR, 6 * HOUR, 24 * HOUR], QUIET, LONG_BEFORE)

    assert planned == {
        3 * HOUR: Planned(on(3, 8)),
        6 * HOUR: Planned(on(3, 8), TOGETHER),
        24 * HOUR: Planned(on(2, 10)),
    }


def test_a_reminder_that_would_come_before_the_night_is_too_late_for_a_visit_booked_in_it() -> None:
    planned = plan_reminders(on(3, 8, 30), [2 * HOUR, 24 * HOUR], QUIET, since=on(2, 22))

    assert planned == {2 * HOUR: Planned(on(2, 20), TOO_LATE)}


def test_a_reminder_that_was_due_at_the_moment_of_the_booking_is_none() -> None:
    assert plan_reminders(on(3, 10), [24 * HOUR], QUIET, since=on(2, 10)) == {}
