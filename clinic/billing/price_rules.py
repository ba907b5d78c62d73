"""Rules of tax rates and prices."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Protocol, TypeVar

STANDARD, ZERO, EXEMPT, OUT_OF_SCOPE = "S", "Z", "E", "O"
CATEGORIES = {STANDARD: "Standard", ZERO: "Zero", EXEMPT: "Exempt", OUT_OF_SCOPE: "Out of scope"}
"""The category codes of EN 16931 (UNTDID 5305) that a clinic needs, with their labels."""

WITH_REASON = (EXEMPT, OUT_OF_SCOPE)
"""The categories that have to say why no tax is charged (EN 16931, BR-E-10 and BR-O-10)."""

LONGEST_CODE, LONGEST_CONCESSION, LONGEST_REASON = 30, 40, 300
MOST_PERIODS = 100
MOST_RATE = 100_000
"""100 % in thousandths of a percent."""

NO_REASON = "Enter the reason for the exemption, such as the article of the law"
NEEDLESS_REASON = "Only an exempt tax or one out of scope has a reason: leave it empty"
NO_RATE = "Enter at least one rate with the day from which it is valid"
NEEDLESS_RATES = "Only a standard tax has rates: leave them empty"
BAD_RATE = "Enter a rate above 0 and up to 100 percent, like 23 or 5.5"
TWICE = "There are two for the same day"
TOO_MANY_PERIODS = f"Enter at most {MOST_PERIODS}"
BAD_CODE = "Enter a code of letters, digits, points, slashes and hyphens, like 1102"


class HasStart(Protocol):
    """A value that is valid from a day on."""

    @property
    def valid_from(self) -> date:
        """The first day."""


Period = TypeVar("Period", bound=HasStart)


def valid_on(periods: Iterable[Period], day: date) -> Period | None:
    """Return the period that is valid on a day, None if none has begun."""
    begun = [one for one in periods if one.valid_from <= day]
    return max(begun, key=lambda one: one.valid_from, default=None)


def rate_thousandths(rate: Fraction) -> int | None:
    """Return a rate in thousandths of a percent, None if it is none of a standard tax."""
    exact = rate * 1000
    return int(exact) if exact.denominator == 1 and 0 < exact <= MOST_RATE else None


def tax_problems(category: str, reason: str | None, rates: int) -> dict[str, list[str]]:
    """Return what is wrong with a tax of a category, a reason, and a number of rates, by field."""
    found: dict[str, list[str]] = {}
    if category in WITH_REASON and not reason:
        found["reason"] = [NO_REASON]
    if category not in WITH_REASON and reason:
        found["reason"] = [NEEDLESS_REASON]
    if category == STANDARD and not rates:
        found["rates"] = [NO_RATE]
    if category != STANDARD and rates:
        found["rates"] = [NEEDLESS_RATES]
    return found
