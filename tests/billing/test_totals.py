"""What lines come to: exactly, in currencies with no, two and three digits."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.billing.rules import MOST_THOUSANDTHS, invoice_number, thousandths
from clinic.billing.totals import LineFields, line_amount, priced, total_minor
from clinic.core.errors import InvalidInput
from clinic.core.money import MAX_MINOR, Money

currencies = st.sampled_from(["EUR", "JPY", "KWD"])
prices = st.integers(min_value=0, max_value=10**9)
quantities = st.integers(min_value=1, max_value=10**6).map(lambda count: Fraction(count, 1000))


@pytest.mark.row(83)
@given(prices, quantities, currencies)
def test_a_line_is_rounded_half_up_to_a_minor_unit(minor: int, quantity: Fraction, currency: str) -> None:
    amount = line_amount(quantity, Money(minor, currency))

    assert amount == Money(floor(minor * quantity + Fraction(1, 2)), currency)


@pytest.mark.row(83)
@given(st.lists(st.tuples(prices, quantities), min_size=1, max_size=100), currencies)
def test_the_total_is_the_sum_of_the_rounded_lines(rows: list[tuple[int, Fraction]], currency: str) -> None:
    lines = priced([a_row(Money(minor, currency), quantity) for minor, quantity in rows], currency)

    assert total_minor(lines) == sum(floor(minor * quantity + Fraction(1, 2)) for minor, quantity in rows)
    assert [line.position for line in lines] == list(range(1, len(rows) + 1))


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


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((Money(-1, "EUR"), "1"), "below zero"),
        ((Money(1, "USD"), "1"), "in EUR"),
        ((Money(1, "EUR"), "0"), "quantity"),
        ((Money(MAX_MINOR, "EUR"), "2"), "too large"),
        ((Money(MAX_MINOR + 1, "EUR"), "0.001"), "too large"),
    ],
)
def test_an_impossible_line_is_refused(row: tuple[Money, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        priced([a_row(row[0], Fraction(row[1]))], "EUR")

    assert list(refused.value.problems) == ["lines"]


@pytest.mark.parametrize("count", [0, 101])
def test_an_invoice_has_from_one_to_a_hundred_lines(count: int) -> None:
    with pytest.raises(InvalidInput, match="line"):
        priced([a_row(Money(1, "EUR"))] * count, "EUR")


def test_numbers_are_padded_and_grow_beyond_the_padding() -> None:
    assert invoice_number(2026, 318) == "INV-2026-00318"
    assert invoice_number(2026, 123456) == "INV-2026-123456"


def a_row(price: Money, quantity: Fraction = Fraction(1)) -> LineFields:
    return {"description": "Consultation", "quantity": quantity, "unit_price": price}
