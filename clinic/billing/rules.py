"""Rules for invoices and payments."""

from fractions import Fraction

DRAFT, ISSUED, BALANCED, CANCELLED = "draft", "issued", "balanced", "cancelled"
REVERSED = "reversed"
STATUSES = (DRAFT, ISSUED, BALANCED, CANCELLED)
BILL, OPENING = "invoice", "opening"
"""Kinds of invoices: what the clinic issued, and what a patient owed before it worked with the program."""

MONEY = "payment"
"""The kind of a payment that was taken; an opening one is credit from before."""

METHODS = ("card", "cash", "transfer", "other")

MOST_LINES = 300
MOST_THOUSANDTHS = 999_999_999
LONGEST_DESCRIPTION = 200
LONGEST_REFERENCE = 100
LONGEST_NOTE = 500
LONGEST_REASON = 200

REFUND_REASONS = {
    "charged-twice": "Charged twice",
    "wrong-amount": "Wrong amount",
    "not-given": "Service not given",
    "goodwill": "Goodwill",
    "other": "Other, see the note",
}
CREDIT_REASONS = {
    "not-given": "Service not given",
    "wrong-item": "Wrong item or price",
    "wrong-payer": "Wrong payer",
    "goodwill": "Goodwill",
    "other": "Other, see the note",
}
OTHER_REASON = "other"

OPENING_TEXT = "Opening balance"
NO_SIDE = "Choose whether it was owed or is credit"
FUTURE_DAY = "Enter a day that is not in the future"
NO_LINE = "Enter at least one line"
TOO_MANY_LINES = f"Enter at most {MOST_LINES} lines"
BAD_QUANTITY = "Enter a quantity like 1 or 2.5"
NEGATIVE_PRICE = "Enter a price that is not below zero"
NO_DESCRIPTION = "Enter a description, or choose an item"
NO_PRICE = "Enter a price"
NO_SUCH_ITEM = "Choose an item of the price list"
NO_RATE_YET = "This tax has no rate for today yet: choose another one"
BAD_DISCOUNT = "A discount is above 0 and at most 100 %, or an amount"
NO_VISIT = "Choose at least one visit"
NO_SUCH_VISIT = "Choose visits of this clinic that took place"
SEVERAL_PATIENTS = "Choose visits of one patient: each gets an invoice of their own"
NOT_ABOVE_ZERO = "Enter an amount above zero"
TOO_LARGE = "This amount is too large"
OTHER_PATIENT = "This appointment is of another patient"
UNKNOWN_METHOD = f"Choose one of: {', '.join(METHODS)}"
NOT_CASH = "Leave this empty unless it is paid in cash"
TOO_LITTLE_CASH = "The cash given is less than the amount"
NO_SUCH_INVOICE = "There is no such invoice"
INVOICE_TWICE = "Name each invoice once"
STILL_A_DRAFT = "This invoice is a draft: issue it first"
NOTHING_DUE = "Nothing is due of this invoice"
MORE_THAN_TAKEN = "The invoices come to more than this"
NOTE_NEEDED = "Write in the note what the reason is"
NO_REASON = "Enter a reason"
UNKNOWN_REASON = "Choose a reason"
NOT_A_LIST = "Enter a list"
NO_SUCH_LINE = "Choose lines of this invoice"
LINE_TWICE = "Name each line once"
NOTHING_CREDITED = "Choose what is credited"
NO_CREDIT_THERE = "Choose a payment of the patient that has credit left"


def wrong_currency(expected: str) -> str:
    """Return the error of an amount in another currency than the expected one."""
    return f"Enter the amount in {expected}"


def at_most_due(due: str) -> str:
    """Return the error of an amount that is more than is due."""
    return f"Enter at most {due}, which is due"


def discount_too_large(most: str) -> str:
    """Return the error of a discount that is more than the price of the line."""
    return f"A discount is at most 100 %, or an amount up to {most}"


def at_most_left(left: int) -> str:
    """Return the error of a quantity that is more than is left to be credited of a line, in thousandths."""
    return f"Enter at most {thousandths_text(left)}, which is left" if left else "This line is wholly credited"


def thousandths_text(thousandths: int) -> str:
    """Return a number of thousandths as a plain decimal: `2`, `0.5`."""
    return f"{thousandths // 1000}.{thousandths % 1000:03d}".rstrip("0").rstrip(".")


def standing_of(status: str, paid_minor: int, credited_minor: int = 0, written_off_minor: int = 0) -> str:
    """Return the standing of an invoice: draft, open, part paid, paid, credited or written off."""
    if status == ISSUED:
        return "part paid" if paid_minor else "open"
    if status == CANCELLED:
        return "credited"
    if status == BALANCED and written_off_minor:
        return "written off"
    if status == BALANCED:
        return "credited" if credited_minor and not paid_minor else "paid"
    return status


def thousandths(quantity: Fraction) -> int | None:
    """Return a quantity as a whole number of thousandths, None if it is not valid on an invoice."""
    exact = quantity * 1000
    return int(exact) if exact.denominator == 1 and 0 < exact <= MOST_THOUSANDTHS else None
