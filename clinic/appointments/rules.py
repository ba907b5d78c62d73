"""States of an appointment (FHIR R4 AppointmentStatus), and rules for its times."""

from datetime import date, datetime, timedelta

BOOKED = "booked"
CANCELLED = "cancelled"
STATES = (
    "pending",
    "waitlist",
    BOOKED,
    "arrived",
    "checked-in",
    "fulfilled",
    CANCELLED,
    "noshow",
    "entered-in-error",
)
ACTIVE = ("pending", BOOKED, "arrived", "checked-in", "fulfilled")
"""States in which an appointment occupies its practitioner and patient."""

CANCELLABLE = ("pending", "waitlist", BOOKED)
CANCEL_REASONS = ("patient", "practitioner", "clinic", "other")
COLOURS = ("teal", "blue", "violet", "pink", "red", "orange", "green", "grey")
"""The colours of services; the first is the default."""

LONGEST = timedelta(hours=24)
EARLIEST_DAY = date(2000, 1, 1)
YEARS_AHEAD = 5

EXCEPTION_KINDS = ("leave", "hours", "extra")
MOST_DAYS = 731
"""The longest span of an exception or a closure."""

ENDS_TOO_EARLY = "The end must be after the start"
TOO_LONG = "An appointment lasts at most 24 hours"
TOO_EARLY = f"Enter a day from {EARLIEST_DAY} on"
TOO_LATE = f"Enter a day at most {YEARS_AHEAD} years ahead"


def span_problem(starts_at: datetime, ends_at: datetime) -> str | None:
    """Return the error of the start and end of an appointment, None if they are valid."""
    if ends_at <= starts_at:
        return ENDS_TOO_EARLY
    return TOO_LONG if ends_at - starts_at > LONGEST else None


def day_problem(day: date, today: date) -> str | None:
    """Return why an appointment can't be booked on a day of the clinic's calendar, None if it can."""
    if day < EARLIEST_DAY:
        return TOO_EARLY
    last_year = today.year + YEARS_AHEAD
    return TOO_LATE if (day.year, day.month, day.day) > (last_year, today.month, today.day) else None


def planned_problems(
    first_day: date | None, last_day: date | None, starts: int | None, ends: int | None, *, kind: str
) -> dict[str, str]:
    """Return what is wrong with the days and minutes of an exception or a closure, by field.

    What could not be read is None; without both times it is the whole day, which extra and other hours can't be.
    """
    problems = {}
    if first_day and last_day:
        if last_day < first_day:
            problems["last_day"] = "The last day is before the first one"
        elif (last_day - first_day).days >= MOST_DAYS:
            problems["last_day"] = f"Enter at most {MOST_DAYS} days"
    if (starts is None) != (ends is None):
        problems["ends" if ends is None else "starts"] = "Enter both times, or none for the whole day"
    elif starts is not None and ends is not None and ends <= starts:
        problems["ends"] = "The end must be after the start"
    elif starts is None and kind in {"hours", "extra"}:
        problems["starts"] = "Enter the times of these hours"
    return problems
