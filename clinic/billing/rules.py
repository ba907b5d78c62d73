"""Rules for invoices and payments."""

from fractions import Fraction

DRAFT, ISSUED, BALANCED = "draft", "issued", "balanced"
STATUSES = (DRAFT, ISSUED, BALANCED)
METHODS = ("card", "cash", "transfer", "other")

MOST_LINES = 100
MOST_THOUSANDTHS = 999_999_999
LONGEST_DESCRIPTION = 200
LONGEST_REFERENCE = 100

NO_LINE = "Enter at least one line"
TOO_MANY_LINES = f"Enter at most {MOST_LINES} lines"
BAD_QUANTITY = "Enter a quantity like 1 or 2.5"
NEGATIVE_PRICE = "Enter a price that is not below zero"
NOT_ABOVE_ZERO = "Enter an amount above zero"
TOO_LARGE = "This amount is too large"
OTHER_PATIENT = "This appointment is of another patient"
UNKNOWN_METHOD = f"Choose one of: {', '.join(METHODS)}"


def invoice_number(year: int, count: int) -> str:
    """Return the number of the n-th invoice of a year: `INV-2026-00318`."""
    return f"INV-{year}-{count:05d}"


def wrong_currency(expected: str) -> str:
    """Return the error of an amount in another currency than the expected one."""
    return f"Enter the amount in {expected}"


def standing_of(status: str, paid_minor: int) -> str:
    """Return the standing of an invoice: draft, open, part paid or paid."""
    if status == ISSUED:
        return "part paid" if paid_minor else "open"
    return "paid" if status == BALANCED else status


def thousandths(quantity: Fraction) -> int | None:
    """Return a quantity as a whole number of thousandths, None if it is not valid on an invoice."""
    exact = quantity * 1000
    return int(exact) if exact.denominator == 1 and 0 < exact <= MOST_THOUSANDTHS else None
