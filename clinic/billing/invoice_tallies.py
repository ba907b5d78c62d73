"""Counts and sums of invoices by currency: pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from clinic.core.money import Money


@dataclass(frozen=True)
class Amounts:
    """How many invoices of one currency there are, and what they come to; nothing is due of a draft."""

    count: int
    total: Money
    credited: Money
    written_off: Money
    paid: Money
    due: Money

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True)
class Tally:
    """What invoices come to: those of each currency by themselves."""

    amounts: Mapping[str, Amounts] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        sums = dict(self.amounts)
        for currency, amounts in other.amounts.items():
            sums[currency] = sums[currency] + amounts if currency in sums else amounts
        return Tally(sums)

    def without(self, other: "Tally") -> "Tally":
        """Return what is left without some of the invoices."""
        sums = dict(self.amounts)
        for currency, amounts in other.amounts.items():
            sums[currency] = sums[currency] - amounts
        return Tally({currency: amounts for currency, amounts in sums.items() if amounts.count})

    @property
    def sums(self) -> Sequence[Amounts]:
        """What those of each currency come to, by its code."""
        return [self.amounts[currency] for currency in sorted(self.amounts)]

    @property
    def count(self) -> int:
        """How many invoices there are."""
        return sum(one.count for one in self.amounts.values())
