"""Recalls: their states, when they are due, and how the worklist divides them."""

from datetime import date, timedelta

OPEN, DONE, DROPPED = "open", "done", "dropped"
RECALL_STATES = {OPEN: "Open", DONE: "Done", DROPPED: "Dropped"}
CLOSED_STATES = (DONE, DROPPED)

SOON = timedelta(days=30)
"""How long before its day a recall is due, and booked by any appointment of the patient."""

OVERDUE, DUE, LATER = "overdue", "due", "later"
WORKLIST = {OVERDUE: "Overdue", DUE: "Due", LATER: "Later", DONE: "Done", DROPPED: "Dropped"}
"""The parts of the worklist: open ones by their day, and closed ones."""

MOST_MONTHS = 120
IN_THE_PAST = "Enter a day that is not in the past"


def after_months(day: date, months: int) -> date:
    """Return the same day of a later month, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
