"""The lines of a draft, from what was sent: price and tax come from the price list unless they are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from clinic.billing.models import InvoiceLine, PriceItem, TaxRate
from clinic.billing.price_list import price_list
from clinic.billing.rules import (
    BAD_DISCOUNT,
    BAD_QUANTITY,
    MOST_LINES,
    NEGATIVE_PRICE,
    NO_DESCRIPTION,
    NO_LINE,
    NO_PRICE,
    NO_RATE_YET,
    NO_SUCH_ITEM,
    TOO_LARGE,
    TOO_MANY_LINES,
    discount_too_large,
    thousandths,
    wrong_currency,
)
from clinic.billing.settings import NO_SUCH_TAX, billing_settings_service
from clinic.billing.tax_rates import tax_rate_service
from clinic.billing.totals import Discount, line_amount
from clinic.core.clock import today
from clinic.core.errors import InvalidInput
from clinic.core.money import MAX_MINOR, Money
from clinic.identity.clinics import clinic_service

Problems = dict[str, list[str]]


class LineFields(TypedDict):
    """The fields of a line; with an item, description, price and tax come from the price list unless given."""

    quantity: Fraction
    description: NotRequired[str | None]
    unit_price: NotRequired[Money | None]
    item_id: NotRequired[UUID | None]
    discount_percent: NotRequired[Fraction | None]
    discount: NotRequired[Money | None]
    tax_rate_id: NotRequired[UUID | None]
    appointment_id: NotRequired[UUID | None]


class InvalidLines(InvalidInput):
    """Some lines can't be accepted; the problems are found at their numbers, counted from 0."""

    def __init__(self, problems: Mapping[int, Problems]) -> None:
        first = next(iter(next(iter(problems.values())).values()))[0]
        nested: Any = {"lines": dict(problems)}
        super().__init__(first, problems=nested)


@dataclass(frozen=True)
class PriceBook:
    """What lines refer to: items and taxes by id, the default tax, the currency, and the day of the prices."""

    items: Mapping[UUID, PriceItem]
    taxes: Mapping[UUID, TaxRate]
    default_tax_id: UUID | None
    currency: str
    day: date
    kept_tax_ids: frozenset[UUID] = frozenset()
    """Taxes that the draft has already; they may be archived."""


def price_book(lines: Sequence[LineFields], kept: Sequence[InvoiceLine] = ()) -> PriceBook:
    """Return the items and taxes that lines refer to, as of today; `kept` are the lines that the draft has already."""
    clinic, default = clinic_service.current(), billing_settings_service.current().default_tax_rate_id
    items = price_list.get_many(one for line in lines if (one := line.get("item_id")))
    given = (line.get("tax_rate_id") for line in lines)
    wanted = {default, *given, *(item.tax_rate_id for item in items.values())} - {None}
    taxes = tax_rate_service.get_many(one for one in wanted if one)
    kept_tax_ids = frozenset(line.tax_rate_id for line in kept if line.tax_rate_id)
    return PriceBook(items, taxes, default, clinic.currency, today(clinic.zone), kept_tax_ids)


def make_lines(lines: Sequence[LineFields], book: PriceBook) -> list[InvoiceLine]:
    """Return an invoice's lines in their order, each with its amount and tax.

    :raises InvalidInput: if there are too few or too many, or their sum is too large
    :raises InvalidLines: with every problem of every line
    """
    if not lines:
        raise InvalidInput(NO_LINE, field="lines")
    if len(lines) > MOST_LINES:
        raise InvalidInput(TOO_MANY_LINES, field="lines")
    rows, problems = [], {}
    for index, line in enumerate(lines):
        row, wrong = _make_line(line, book)
        if wrong:
            problems[index] = wrong
        else:
            row.position = index + 1
            rows.append(row)
    if problems:
        raise InvalidLines(problems)
    if sum(row.amount_minor for row in rows) > MAX_MINOR:
        raise InvalidInput(TOO_LARGE, field="lines")
    return rows


def _make_line(line: LineFields, book: PriceBook) -> tuple[InvoiceLine, Problems]:
    """Return a line, and its problems; it is complete only without any."""
    item_id = line.get("item_id")
    item = None if item_id is None else book.items.get(item_id)
    if item_id is not None and item is None:
        return InvoiceLine(), {"item_id": [NO_SUCH_ITEM]}
    description = line.get("description") or (item.label if item else None)
    price = line.get("unit_price") or (item.price_on(book.day) if item else None)
    tax = _tax_of(line, item, book)
    problems = _price_problems(line, description, price, item, book.currency) | _tax_problems(line, tax, book)
    if problems or price is None:
        return InvoiceLine(), problems
    row = InvoiceLine(
        item_id=item_id,
        code=item.code if item else None,
        description=description,
        quantity_thousandths=thousandths(line["quantity"]),
        unit_price_minor=price.minor,
        discount_thousandths=_thousandths_or_none(line.get("discount_percent")),
        discount_minor=_minor_or_none(line.get("discount")),
        amount_minor=line_amount(line["quantity"], price, _discount(line)).minor,
        appointment_id=line.get("appointment_id"),
    )
    _set_tax(row, tax, book.day)
    return row, problems


def _set_tax(row: InvoiceLine, tax: TaxRate | None, day: date) -> None:
    """Copy a tax into a line: an issued invoice keeps it."""
    if tax is not None:
        row.tax_rate_id, row.tax_name, row.tax_category, row.tax_reason = tax.id, tax.name, tax.category, tax.reason
        row.tax_thousandths = int((tax.rate_on(day) or 0) * 1000)


def _tax_of(line: LineFields, item: PriceItem | None, book: PriceBook) -> TaxRate | None:
    wanted = line.get("tax_rate_id") or (item.tax_rate_id if item else None) or book.default_tax_id
    return None if wanted is None else book.taxes.get(wanted)


def _tax_problems(line: LineFields, tax: TaxRate | None, book: PriceBook) -> Problems:
    given = line.get("tax_rate_id")
    if given is not None and (tax is None or (not tax.active and given not in book.kept_tax_ids)):
        return {"tax_rate_id": [NO_SUCH_TAX]}
    if tax is not None and tax.rate_on(book.day) is None:
        return {"tax_rate_id": [NO_RATE_YET]}
    return {}


def _price_problems(
    line: LineFields, description: str | None, price: Money | None, item: PriceItem | None, currency: str
) -> Problems:
    found: Problems = {}
    if not description:
        found["description"] = [NO_DESCRIPTION]
    if thousandths(line["quantity"]) is None:
        found["quantity"] = [BAD_QUANTITY]
    if price is None:
        found["unit_price"] = [NO_PRICE if item is None else f"{item.code} has no price yet: enter one"]
    elif price.currency != currency:
        found["unit_price"] = [wrong_currency(currency)]
    elif price.minor < 0:
        found["unit_price"] = [NEGATIVE_PRICE]
    elif price.minor > MAX_MINOR:
        found["unit_price"] = [TOO_LARGE]
    elif "quantity" not in found and (problem := _discount_problem(line, price)):
        found["discount"] = [problem]
    return found


def _discount_problem(line: LineFields, price: Money) -> str | None:
    percent, amount = line.get("discount_percent"), line.get("discount")
    if percent is not None and (amount is not None or not 0 < percent <= 100):  # noqa: PLR2004 - percent
        return BAD_DISCOUNT
    if amount is None:
        return None
    if amount.currency != price.currency:
        return wrong_currency(price.currency)
    whole = line_amount(line["quantity"], price)
    locale = clinic_service.current().locale
    return discount_too_large(whole.format(locale)) if not 0 < amount.minor <= whole.minor else None


def _discount(line: LineFields) -> Discount:
    return Discount(line.get("discount_percent") or Fraction(0), line.get("discount"))


def _thousandths_or_none(percent: Fraction | None) -> int | None:
    return None if percent is None else int(percent * 1000)


def _minor_or_none(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor
