"""What an invoice and a payment may be."""

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
UNKNOWN_METHOD = f"Choose one of: {', '.join(METHODS)}"


def invoice_number(year: int, count: int) -> str:
    """Return the number that people read for a year's n-th invoice: `INV-2026-00318`."""
    return f"INV-{year}-{count:05d}"


def wrong_currency(expected: str) -> str:
    """Say in which currency an amount is to be."""
    return f"Enter the amount in {expected}"


def standing_of(status: str, paid_minor: int) -> str:
    """Return how an invoice stands, as people say it: draft, open, part paid or paid."""
    if status == ISSUED:
        return "part paid" if paid_minor else "open"
    return "paid" if status == BALANCED else status


def thousandths(quantity: Fraction) -> int | None:
    """Return a quantity as a whole number of thousandths, None if it can't be an invoice's."""
    exact = quantity * 1000
    return int(exact) if exact.denominator == 1 and 0 < exact <= MOST_THOUSANDTHS else None
