"""What a credit note comes to, and nothing else.

A line is credited in parts that add up: after each credit note the sum of what is credited of a line is its amount for
the credited quantity, rounded half up once; so is the tax of each rate. A credit note is the difference of two such
sums. What credits a whole invoice comes to its total exactly, in however many parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol
from uuid import UUID

from clinic.billing.totals import TaxedLine, TaxGroup, Totals, half_up, totals_of
from clinic.core.money import Money

Quantities = Mapping[UUID, int]
"""What is credited of lines, in thousandths, by the id of the line."""


class CreditableLine(TaxedLine, Protocol):
    """A line of an invoice."""

    @property
    def id(self) -> UUID:
        """The id of the line."""

    @property
    def quantity_thousandths(self) -> int:
        """The quantity in thousandths."""


@dataclass(frozen=True)
class _Part:
    """The credited part of a line."""

    amount: Money
    tax: tuple[str, Fraction]


def credited_amount(line: CreditableLine, thousandths: int) -> Money:
    """Return the amount of a line for a quantity of it, rounded half up."""
    exact = Fraction(line.amount.minor * thousandths, line.quantity_thousandths)
    return Money(half_up(exact), line.amount.currency)


def credit_totals(
    lines: Sequence[CreditableLine], before: Quantities, added: Quantities, currency: str, *, prices_include_tax: bool
) -> Totals:
    """Return what a credit note comes to that adds quantities to those that were credited before."""
    after = {line.id: before.get(line.id, 0) + added.get(line.id, 0) for line in lines}
    old, new = (
        totals_of(
            [_Part(credited_amount(line, done.get(line.id, 0)), line.tax) for line in lines],
            currency,
            prices_include_tax=prices_include_tax,
        )
        for done in (before, after)
    )
    groups = [
        TaxGroup(now.category, now.rate, now.net - then.net, now.tax - then.tax)
        for now, then in zip(new.groups, old.groups, strict=True)
    ]
    return Totals([one for one in groups if one.gross.minor], new.net - old.net, new.tax - old.tax)
