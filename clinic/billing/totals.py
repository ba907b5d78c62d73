"""Totals of invoices, and nothing else: the same on pages, print, JSON and CSV.

A line is rounded half up to the minor unit. Tax is summed and rounded half up once per rate (EN 16931, BR-CO-17): on
top of the lines if prices are without tax, taken out of them if prices include it (BR-CO-15 holds in both).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Protocol

from clinic.core.money import Money

NO_TAX = ""
"""The category of lines without a tax."""


@dataclass(frozen=True)
class Discount:
    """A discount of a line: a rate in percent, or an amount."""

    percent: Fraction = Fraction(0)
    amount: Money | None = None


class TaxedLine(Protocol):
    """A line with its tax: category and rate in percent."""

    @property
    def amount(self) -> Money:
        """The amount of the line, after its discount."""

    @property
    def tax(self) -> tuple[str, Fraction]:
        """The category of the tax, and its rate in percent."""


@dataclass(frozen=True)
class TaxGroup:
    """What the lines of one category and rate come to."""

    category: str
    rate: Fraction
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        """The amount with tax."""
        return self.net + self.tax


@dataclass(frozen=True)
class Totals:
    """What an invoice comes to, by rate and in all."""

    groups: Sequence[TaxGroup]
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        """The total."""
        return self.net + self.tax


def line_amount(quantity: Fraction, unit_price: Money, discount: Discount | None = None) -> Money:
    """Return the price of a quantity less its discount, rounded half up to a minor unit, once."""
    exact = quantity * unit_price.minor
    if discount is not None:
        exact -= exact * discount.percent / 100
        exact -= discount.amount.minor if discount.amount else 0
    return Money(half_up(exact), unit_price.currency)


def totals_of(lines: Iterable[TaxedLine], currency: str, *, prices_include_tax: bool) -> Totals:
    """Return the totals of an invoice, its groups by falling rate."""
    sums: dict[tuple[str, Fraction], int] = {}
    for line in lines:
        sums[line.tax] = sums.get(line.tax, 0) + line.amount.minor
    groups = [
        _group(category, rate, minor, currency, prices_include_tax)
        for (category, rate), minor in sorted(sums.items(), key=lambda one: (-one[0][1], one[0][0]))
    ]
    net, tax = (sum(getattr(group, name).minor for group in groups) for name in ("net", "tax"))
    return Totals(groups, Money(net, currency), Money(tax, currency))


def half_up(exact: Fraction) -> int:
    """Return an amount that is not below zero as a whole number, half a unit upwards."""
    return floor(exact + Fraction(1, 2))


def _group(category: str, rate: Fraction, minor: int, currency: str, prices_include_tax: bool) -> TaxGroup:
    tax = half_up(minor * rate / (100 + rate if prices_include_tax else 100))
    net = minor - tax if prices_include_tax else minor
    return TaxGroup(category, rate, Money(net, currency), Money(tax, currency))
