"""States of an appointment (FHIR R4 AppointmentStatus), the moves between them, and rules for its times."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

PENDING = "pending"
WAITLIST = "waitlist"
BOOKED = "booked"
ARRIVED = "arrived"
CHECKED_IN = "checked-in"
FULFILLED = "fulfilled"
CANCELLED = "cancelled"
NO_SHOW = "noshow"
ENTERED_IN_ERROR = "entered-in-error"
STATES = (PENDING, WAITLIST, BOOKED, ARRIVED, CHECKED_IN, FULFILLED, CANCELLED, NO_SHOW, ENTERED_IN_ERROR)
NEW_STATES = (BOOKED, ARRIVED, FULFILLED)
"""States in which an appointment can be added: booked, of a patient who has arrived, of a visit that is over."""

ACTIVE = (PENDING, BOOKED, ARRIVED, CHECKED_IN, FULFILLED)
"""States in which an appointment occupies its practitioner, its room and its patient."""

UNDO = "undo"
TRANSITIONS: Mapping[str | None, Mapping[str, str]] = {
    None: {PENDING: "request", WAITLIST: "wait", BOOKED: "book", ARRIVED: "walk-in", FULFILLED: "record"},
    PENDING: {PENDING: "reschedule", BOOKED: "confirm", CANCELLED: "cancel", ENTERED_IN_ERROR: UNDO},
    WAITLIST: {PENDING: "request", BOOKED: "confirm", CANCELLED: "cancel", ENTERED_IN_ERROR: UNDO},
    BOOKED: {
        BOOKED: "reschedule",
        ARRIVED: "arrive",
        CHECKED_IN: "check-in",
        CANCELLED: "cancel",
        NO_SHOW: "no-show",
        ENTERED_IN_ERROR: UNDO,
    },
    ARRIVED: {CHECKED_IN: "check-in", CANCELLED: "cancel", BOOKED: UNDO, ENTERED_IN_ERROR: UNDO},
    CHECKED_IN: {FULFILLED: "fulfil", ARRIVED: UNDO, ENTERED_IN_ERROR: UNDO},
    FULFILLED: {CHECKED_IN: UNDO, ENTERED_IN_ERROR: UNDO},
    CANCELLED: {BOOKED: UNDO, ENTERED_IN_ERROR: UNDO},
    NO_SHOW: {ARRIVED: "arrive", BOOKED: UNDO, ENTERED_IN_ERROR: UNDO},
    ENTERED_IN_ERROR: {},
}
"""From each state (None: new) to each state that it can change to, the action that does it; no other change exists."""

ZONE_CHANGE = "zone"
"""The action of a history row for a change of the clinic's time zone: no move of anybody, and it can't be undone."""

CONFIRMATION, UNCONFIRMATION = "confirmation", "unconfirmation"
"""The actions of history rows for what the patient says about coming: they move nothing, and `undo` skips them."""

NOT_MOVES = (ZONE_CHANGE, CONFIRMATION, UNCONFIRMATION)
"""Actions of history rows that are no moves."""

UNDO_GRACE = timedelta(minutes=10)
"""How long a booking, a move to another time and a cancellation can be undone."""

CANCEL_REASONS = ("patient", "practitioner", "clinic", "other")
COLOURS = ("teal", "blue", "violet", "pink", "red", "orange", "green", "grey")
"""The colours of services; the first is the default."""

LONGEST = timedelta(hours=24)
EARLIEST_DAY = date(2000, 1, 1)
YEARS_AHEAD = 5
MOST_SEARCHED_DAYS = 31
"""Days in which free times are searched at once, at most."""

EXCEPTION_KINDS = ("leave", "hours", "extra")
MOST_DAYS = 731
"""The longest span of an exception or a closure."""

ENDS_TOO_EARLY = "The end must be after the start"
TOO_LONG = "An appointment lasts at most 24 hours"
TOO_EARLY = f"Enter a day from {EARLIEST_DAY} on"
TOO_LATE = f"Enter a day at most {YEARS_AHEAD} years ahead"
TOO_MANY_DAYS = f"Choose at most {MOST_SEARCHED_DAYS} days"


def is_allowed(status: str, to_status: str, action: str) -> bool:
    """Return whether an action changes one state to another."""
    return TRANSITIONS[status].get(to_status) == action


def possible_actions(status: str) -> Sequence[str]:
    """Return the actions that are possible in a state, without repetition, `undo` last."""
    actions = dict.fromkeys(TRANSITIONS[status].values())
    return sorted(actions, key=lambda action: action == UNDO)


def undone_status(status: str) -> str | None:
    """Return the state to which a state goes back, None if no move led to it."""
    back = (to for to, action in TRANSITIONS[status].items() if action == UNDO and to != ENTERED_IN_ERROR)
    return next(back, None)


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


def range_problem(first_day: date, last_day: date) -> str | None:
    """Return the error of a range of days, both included, in which free times are searched; None if it is valid."""
    if last_day < first_day:
        return "The last day is before the first one"
    return TOO_MANY_DAYS if (last_day - first_day).days >= MOST_SEARCHED_DAYS else None


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
