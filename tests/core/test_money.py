"""Amounts: exact, in minor units, read and written as people of a locale do."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.money import MAX_MINOR, BadAmount, Money, digits_of, is_currency

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
MINOR = st.integers(min_value=-MAX_MINOR, max_value=MAX_MINOR)
THOUSANDTHS = st.integers(min_value=-1_000_000_000, max_value=1_000_000_000)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


@given(minor=st.integers(min_value=-(10**12) + 1, max_value=10**12 - 1), currency=CURRENCIES)
def test_an_amount_that_was_written_is_read_as_the_same_money(minor, currency):
    money = Money(minor, currency)

    assert Money.parse(money.amount, currency) == money


@given(minor=MINOR, currency=CURRENCIES)
def test_an_amount_has_exactly_the_digits_of_its_currency(minor, currency):
    amount = Money(minor, currency).amount

    _whole, _point, fraction = amount.partition(".")
    assert len(fraction) == digits_of(currency)
    assert Decimal(amount) == Decimal(minor) / 10 ** digits_of(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("45", "EUR", 4500),
        ("45.5", "EUR", 4550),
        ("0045.00", "EUR", 4500),
        ("-0.01", "EUR", -1),
        ("-0", "EUR", 0),
        ("4500", "JPY", 4500),
        ("4.500", "KWD", 4500),
        ("4.5", "KWD", 4500),
        ("1.2345", "CLF", 12345),
    ],
)
def test_a_plain_decimal_is_read_in_minor_units(amount, currency, minor):
    assert Money.parse(amount, currency) == Money(minor, currency)


NO_AMOUNTS = [
    *("", " ", "-", ".", "1.", ".5", "--1", "+1", "1e3", "1E3", "0x10", "1_000", "1,000", "1,50", "1.2.3"),
    *("NaN", "sNaN", "Infinity", "-inf", " 1", "1 ", "1\n", "٣", "１", "²", "½", "1.٣", "−1", "€1", "1 EUR"),
]


@pytest.mark.slow
@pytest.mark.row(81)
@pytest.mark.parametrize("amount", NO_AMOUNTS, ids=repr)
def test_what_is_no_plain_decimal_is_refused(amount):
    with pytest.raises(BadAmount, match=r"like 45\.00"):
        Money.parse(amount, "EUR")


@given(amount=st.text(max_size=12))
def test_any_text_is_either_read_exactly_or_refused(amount):
    try:
        money = Money.parse(amount, "EUR")
    except BadAmount:
        return

    assert amount.isascii()
    assert money.decimal == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1.000", "EUR", "EUR has 2 digits"),
        ("1.0", "JPY", "JPY has no cents"),
        ("1.0000", "KWD", "KWD has 3 digits"),
        ("1.00000", "EUR", "an amount like"),
        ("1.5x", "JPY", "a whole amount like"),
    ],
)
def test_more_digits_than_the_currency_has_are_refused(amount, currency, words):
    with pytest.raises(BadAmount, match=words):
        Money.parse(amount, currency)


def test_the_largest_amount_is_read_and_one_beyond_all_measure_refused():
    largest = Money.parse("999999999999.999", "KWD")

    assert largest.minor == MAX_MINOR
    with pytest.raises(BadAmount, match="too large"):
        Money.parse("999999999999.9999", "CLF")
    with pytest.raises(BadAmount):
        Money.parse("1000000000000", "JPY")


@given(minor=MINOR, thousandths=THOUSANDTHS)
def test_the_price_of_a_quantity_is_rounded_half_up_as_decimal_does_it(minor, thousandths):
    with localcontext(prec=60):
        exact = Decimal(minor) * Decimal(thousandths) / 1000
        expected = int(exact.quantize(Decimal(1), ROUND_HALF_UP))

    assert euros(minor).times(Fraction(thousandths, 1000)) == euros(expected)


@pytest.mark.slow
@given(minor=st.integers(-(10**9), 10**9), share=st.fractions(-1000, 1000, max_denominator=1000))
def test_a_share_is_never_more_than_half_a_cent_off_and_a_half_goes_away_from_nothing(minor, share):
    exact = minor * share

    off = euros(minor).times(share).minor - exact

    assert abs(off) <= Fraction(1, 2)
    assert abs(off) != Fraction(1, 2) or off * exact > 0


@pytest.mark.parametrize(
    ("minor", "quantity", "expected"),
    [
        (1220, Fraction(23, 100), 281),
        (5, Fraction(1, 2), 3),
        (-5, Fraction(1, 2), -3),
        (15, Fraction(1, 10), 2),
        (25, Fraction(1, 10), 3),
        (100, Fraction(1, 3), 33),
        (4500, Fraction(0), 0),
        (MAX_MINOR, Fraction(1), MAX_MINOR),
    ],
)
def test_the_price_of_a_quantity(minor, quantity, expected):
    assert euros(minor).times(quantity) == euros(expected)


@pytest.mark.slow
@given(one=MINOR, other=MINOR)
def test_adding_and_taking_away_again_changes_nothing(one, other):
    assert euros(one) + euros(other) - euros(other) == euros(one)


@pytest.mark.row(83)
def test_two_currencies_are_never_added_up():
    with pytest.raises(ValueError, match="JPY can't be added to EUR"):
        euros(1) + Money(1, "JPY")
    with pytest.raises(ValueError, match="JPY can't be added to EUR"):
        euros(1) - Money(1, "JPY")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("amount", "currency", "locale", "written"),
    [
        ("1234.50", "EUR", "en", "€1,234.50"),
        ("-1234.50", "EUR", "en", "-€1,234.50"),
        ("1234", "JPY", "en", "¥1,234"),
        ("1234.567", "KWD", "en", "KWD1,234.567"),
        ("0", "EUR", "en", "€0.00"),
        ("1234.50", "EUR", "de", "1.234,50 €"),
        ("-1234.50", "EUR", "de", "-1.234,50 €"),
        ("1234", "JPY", "de", "1.234 ¥"),
        ("1234.567", "KWD", "de", "1.234,567 KWD"),
        ("1234.50", "EUR", "pt", "€ 1.234,50"),
        ("-1234.50", "EUR", "pt", "-€ 1.234,50"),
        ("1234", "JPY", "pt", "JP¥ 1.234"),
        ("1234.567", "KWD", "pt", "KWD 1.234,567"),
    ],
)
def test_an_amount_is_written_as_people_of_a_locale_write_it(amount, currency, locale, written):
    text = Money.parse(amount, currency).format(locale)

    assert text.replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en", "de", "pt", "pt_PT", "fr", "hi", "ja"])
@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_no_locale_changes_the_digits_of_a_currency(locale, currency, digits):
    text = Money(10**digits * 7, currency).format(locale)

    assert "".join(char for char in text if char.isdecimal()) == "7" + "0" * digits


@pytest.mark.parametrize("code", ["EUR", "JPY", "KWD", "USD"])
def test_a_code_of_iso_4217_is_a_currency(code):
    assert is_currency(code)


@pytest.mark.parametrize("code", ["", "eur", "EU", "EURO", "EUR\n", "QQQ", "ＥＵＲ"], ids=repr)
def test_anything_else_is_no_currency(code):
    assert not is_currency(code)
