"""What lines come to: exactly, in currencies with no, two and three digits."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.billing.rules import MOST_THOUSANDTHS, thousandths
from clinic.billing.settings_rules import DEFAULT_PATTERN, invoice_number
from clinic.billing.totals import Discount, line_amount, totals_of
from clinic.core.money import Money

currencies = st.sampled_from(["EUR", "JPY", "KWD"])
prices = st.integers(min_value=0, max_value=10**9)
quantities = st.integers(min_value=1, max_value=10**6).map(lambda count: Fraction(count, 1000))


@pytest.mark.row(83)
@given(prices, quantities, currencies)
def test_a_line_is_rounded_half_up_to_a_minor_unit(minor: int, quantity: Fraction, currency: str) -> None:
    amount = line_amount(quantity, Money(minor, currency))

    assert amount == Money(floor(minor * quantity + Fraction(1, 2)), currency)


@dataclass(frozen=True)
class Line:
    """A line as the totals see it."""

    amount: Money
    tax: tuple[str, Fraction]


rates = st.sampled_from(["0", "4.5", "5.5", "6", "8.875", "13", "23", "100"]).map(lambda rate: ("S", Fraction(rate)))
taxes = st.one_of(rates, st.just(("E", Fraction(0))), st.just(("", Fraction(0))))
discounts = st.one_of(
    st.none(),
    st.integers(min_value=1, max_value=100_000).map(lambda thousandths: ("percent", Fraction(thousandths, 1000))),
    st.integers(min_value=0, max_value=1000).map(lambda part: ("part", Fraction(part, 1000))),
)


def oracle(rows: list[Any], include: bool) -> tuple[int, int, int]:
    """Return net, tax and gross, from exact fractions that are rounded only where the standard says so."""
    by_rate: dict[Any, Fraction] = {}
    for minor, quantity, discount, tax in rows:
        whole = minor * quantity
        kind, value = discount or ("percent", Fraction(0))
        left = whole * (1 - value / 100) if kind == "percent" else whole - floor(whole * value)
        by_rate[tax] = by_rate.get(tax, Fraction(0)) + floor(left + Fraction(1, 2))
    exact = [
        (total, total - total / (1 + rate / 100) if include else total * rate / 100)
        for (_, rate), total in by_rate.items()
    ]
    tax = sum(floor(one + Fraction(1, 2)) for _, one in exact)
    total = sum(one for one, _ in exact)
    return (int(total) - tax, tax, int(total)) if include else (int(total), tax, int(total) + tax)


@pytest.mark.slow
@pytest.mark.row(83)
@given(st.lists(st.tuples(prices, quantities, discounts, taxes), min_size=1, max_size=30), currencies, st.booleans())
def test_totals_are_those_of_an_exact_oracle(rows: list[Any], currency: str, include: bool) -> None:
    lines = []
    for minor, quantity, discount, tax in rows:
        kind, value = discount or ("percent", Fraction(0))
        amount = Money(floor(minor * quantity * value), currency) if kind == "part" else None
        given_discount = Discount(value if kind == "percent" else Fraction(0), amount)
        lines.append(Line(line_amount(quantity, Money(minor, currency), given_discount), tax))

    totals = totals_of(lines, currency, prices_include_tax=include)

    assert (totals.net.minor, totals.tax.minor, totals.gross.minor) == oracle(rows, include)
    assert sum(group.gross.minor for group in totals.groups) == totals.gross.minor


@pytest.mark.parametrize(
    ("include", "expected"), [(False, ("29.60", "6.81", "36.41")), (True, ("24.07", "5.53", "29.60"))]
)
def test_tax_is_rounded_once_per_rate(include: bool, expected: tuple[str, ...]) -> None:
    lines = [Line(Money(one, "EUR"), ("S", Fraction(23))) for one in (1960, 1000)]

    totals = totals_of(lines, "EUR", prices_include_tax=include)

    assert (totals.net.amount, totals.tax.amount, totals.gross.amount) == expected


@given(st.integers(min_value=1, max_value=MOST_THOUSANDTHS))
def test_every_quantity_of_three_digits_is_kept_exactly(count: int) -> None:
    assert thousandths(Fraction(count, 1000)) == count


@pytest.mark.parametrize("quantity", ["0", "-1", "1/3", "0.0001", "1000000"])
def test_no_other_quantity_is_accepted(quantity: str) -> None:
    assert thousandths(Fraction(quantity)) is None


@pytest.mark.parametrize(
    ("price", "expected"),
    [("EUR", "1.13"), ("JPY", "113"), ("KWD", "0.113")],
)
def test_half_a_minor_unit_goes_up_in_every_currency(price: str, expected: str) -> None:
    assert line_amount(Fraction("2.5"), Money(45, price)).amount == expected


def test_numbers_are_padded_and_grow_beyond_the_padding() -> None:
    assert invoice_number(DEFAULT_PATTERN, 2026, 318) == "INV-2026-00318"
    assert invoice_number(DEFAULT_PATTERN, 2026, 123456) == "INV-2026-123456"
