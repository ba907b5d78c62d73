"""The standings by which invoices are listed, and the ages of what is overdue: pure rules."""

from datetime import date, timedelta

DRAFT, OPEN, OVERDUE, PART_PAID = "draft", "open", "overdue", "part-paid"
PAID, CREDITED, WRITTEN_OFF = "paid", "credited", "written-off"
STANDINGS = (DRAFT, OPEN, OVERDUE, PART_PAID, PAID, CREDITED, WRITTEN_OFF)
"""What a list can show. Overdue and part paid invoices are open too; every invoice has one of the others."""

NOT_DUE = "not-due"
AGES = {NOT_DUE: (None, 0), "1-30": (1, 30), "31-60": (31, 60), "61-90": (61, 90), "over-90": (91, None)}
"""The days that open invoices are overdue, the first and the last of each age; None is without a limit."""


def is_late(due_on: date | None, day: date) -> bool:
    """Return whether something is overdue on a day; what has no due date never is."""
    return due_on is not None and due_on < day


def age_of(due_on: date | None, day: date) -> str:
    """Return the age on a day of what is due on another."""
    days = (day - due_on).days if due_on is not None and is_late(due_on, day) else 0
    return next(age for age, (_first, last) in AGES.items() if last is None or days <= last)


def due_dates(age: str, day: date) -> tuple[date | None, date | None]:
    """Return the first and the last due date of an age on a day, None without a limit."""
    least, most = AGES[age]
    return (
        None if most is None else day - timedelta(days=most),
        None if least is None else day - timedelta(days=least),
    )


def standing_key(standing: str) -> str:
    """Return how lists name the standing of an invoice: `part-paid` of `part paid`."""
    return standing.replace(" ", "-")
