"""Rules of parts of drafts that are billed to somebody else: how amounts are divided, and what lines say of it."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from clinic.billing.rules import LONGEST_DESCRIPTION, thousandths_text
from clinic.billing.totals import half_up

WHOLE_PERCENT = 100
WHOLE_THOUSANDTHS = 1000
"""The quantity of a line that has one of something."""

BAD_PERCENT = "Enter a percentage above 0 and below 100, like 80"
NO_SHARE = "Enter a percentage or an amount"
TWO_SHARES = "Enter a percentage or an amount, not both"
SAME_PAYER = "This draft is billed to them already: choose somebody else"
TOO_SMALL = "One of the two invoices would come to nothing: enter another part"
_NEAR = 3
"""How far from the proportional amount another one is tried, in minor units."""


def amount_outside(total: str) -> str:
    """Return the error of a part that is not between nothing and the total."""
    return f"Enter an amount above zero and below {total}, which is the total"


def divided(amounts: Sequence[int], part: int) -> list[int]:
    """Divide a part over amounts in proportion, the largest remainders rounded up; `part` is at most their sum.

    No share is below zero or above its amount, and the shares add up to the part exactly.
    """
    whole = sum(amounts)
    exact = [Fraction(one * part, whole) for one in amounts]
    shares = [int(one) for one in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (shares[at] - exact[at], at))
    for at in by_remainder[: part - sum(shares)]:
        shares[at] += 1
    return shares


def part_of_percent(whole: int, percent: Fraction) -> int:
    """Return a percentage of an amount in minor units, rounded half up."""
    return half_up(whole * percent / WHOLE_PERCENT)


def part_of_amount(whole: int, total: int, wanted: int, total_of: Callable[[int], int]) -> int:
    """Return the sum of line amounts whose total comes nearest to the wanted one; 0 if the lines can't be divided.

    `whole` is what the lines add up to and `total` is that with tax; `total_of` computes the total of a part.
    """
    near = half_up(Fraction(whole * wanted, total))
    candidates = range(max(near - _NEAR, 1), min(near + _NEAR, whole - 1) + 1)
    return min(candidates, key=lambda one: (abs(total_of(one) - wanted), abs(one - near)), default=0)


def share_text(percent: Fraction | None) -> str:
    """Return a share in words: `80 %`, or `part` without a percentage."""
    return "part" if percent is None else f"{thousandths_text(int(percent * 1000))} %"


def part_text(description: str, quantity_thousandths: int, share: str, amount: str) -> str:
    """Return the description of a part of a line, cut to what fits: `2 × Bandage, 80 % of €19.60`."""
    quantity = "" if quantity_thousandths == WHOLE_THOUSANDTHS else f"{thousandths_text(quantity_thousandths)} × "
    ending = f", {share} of {amount}"
    return quantity + description[: LONGEST_DESCRIPTION - len(quantity + ending)].rstrip() + ending
