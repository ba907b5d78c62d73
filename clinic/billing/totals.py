"""Totals of invoices: each line is rounded half up, then they are summed."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypedDict

from clinic.billing.models import InvoiceLine
from clinic.billing.rules import (
    BAD_QUANTITY,
    MOST_LINES,
    NEGATIVE_PRICE,
    NO_LINE,
    TOO_LARGE,
    TOO_MANY_LINES,
    thousandths,
    wrong_currency,
)
from clinic.core.errors import InvalidInput
from clinic.core.money import MAX_MINOR, Money


class LineFields(TypedDict):
    """The fields of a line."""

    description: str
    quantity: Fraction
    unit_price: Money


def line_amount(quantity: Fraction, unit_price: Money) -> Money:
    """Return the price of a quantity, rounded half up to a minor unit."""
    return unit_price.times(quantity)


def priced(lines: Sequence[LineFields], currency: str) -> list[InvoiceLine]:
    """Return an invoice's lines in their order, each with its amount.

    :raises Invalid: if there are too few or too many, or one of them or their total is impossible
    """
    if not lines:
        raise InvalidInput(NO_LINE, field="lines")
    if len(lines) > MOST_LINES:
        raise InvalidInput(TOO_MANY_LINES, field="lines")
    rows = [_priced(position, line, currency) for position, line in enumerate(lines, 1)]
    if total_minor(rows) > MAX_MINOR:
        raise InvalidInput(TOO_LARGE, field="lines")
    return rows


def total_minor(lines: Sequence[InvoiceLine]) -> int:
    """Return the sum of lines in minor units."""
    return sum(line.amount_minor for line in lines)


def _priced(position: int, line: LineFields, currency: str) -> InvoiceLine:
    quantity, price = thousandths(line["quantity"]), line["unit_price"]
    if problem := _problem(quantity, price, currency):
        raise InvalidInput(problem, field="lines")
    return InvoiceLine(
        position=position,
        description=line["description"],
        quantity_thousandths=quantity,
        unit_price_minor=price.minor,
        amount_minor=line_amount(line["quantity"], price).minor,
    )


def _problem(quantity: int | None, price: Money, currency: str) -> str | None:
    if quantity is None:
        return BAD_QUANTITY
    if price.currency != currency:
        return wrong_currency(currency)
    if price.minor < 0:
        return NEGATIVE_PRICE
    return TOO_LARGE if price.minor > MAX_MINOR else None
