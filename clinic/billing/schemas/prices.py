"""Schemas of taxes and the price list, for JSON, forms and commands."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from clinic.billing.price_rules import (
    BAD_CODE,
    CATEGORIES,
    LONGEST_CODE,
    LONGEST_CONCESSION,
    LONGEST_REASON,
    MOST_PERIODS,
    TOO_MANY_PERIODS,
)
from clinic.billing.rules import LONGEST_DESCRIPTION
from clinic.billing.schemas.ids import Ids, OptionalId
from clinic.billing.schemas.invoices import check_price
from clinic.billing.schemas.percent import Percent
from clinic.billing.schemas.rows import filled_rows, typed_rows, without_rows
from clinic.billing.schemas.typed import TypedMoney, TypedPercent
from clinic.web.fields import Choice, Day, Line, Messages, MoneyField, Part, Timestamp
from clinic.web.json_api import ListQuery

RATE_COLUMNS = ("valid_from", "rate")
PRICE_COLUMNS = ("valid_from", "concession", "price")
NO_START = "Enter the first day on which it is valid"
_CODE = re.compile(r"[0-9A-Za-z./-]+", re.ASCII)


class Start(Day):
    """The first day of a period."""

    def __init__(self) -> None:
        super().__init__(required=True, metadata={"format": "date"})
        self.missing = NO_START
        self.error_messages |= {"required": NO_START, "null": NO_START}


class Code(Line):
    """The code of an item."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_CODE, what="a code", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text and not _CODE.fullmatch(text):
            raise ValidationError(BAD_CODE)
        return text


def periods(schema: type[Schema], description: str) -> fields.Field[Any]:
    """Return the field of a history."""
    inner = Part(schema, "a period")
    invalid: Messages = {"invalid": "Enter a list", "null": "Enter a list"}
    metadata = {"maxItems": MOST_PERIODS, "description": description}
    return fields.List(inner, load_default=list, validate=check_periods, error_messages=invalid, metadata=metadata)


def check_periods(found: list[Any]) -> None:
    """Reject a history that is too long.

    :raises ValidationError: if it is
    """
    if len(found) > MOST_PERIODS:
        raise ValidationError(TOO_MANY_PERIODS)


class ArchivedRecordSchema(Schema):
    """A record that is archived instead of deleted."""

    id = fields.UUID(dump_only=True)
    active = fields.Boolean(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class RateSchema(Schema):
    """A rate in percent from a day on."""

    valid_from = Start()
    rate = Percent(required=True)


class TaxRateSchema(ArchivedRecordSchema):
    """A tax: its category of EN 16931, its rates, and why a supply is exempt or out of scope."""

    name = Line(required=True, max_length=100, what="the name")
    category = Choice(
        *CATEGORIES,
        required=True,
        what="a category",
        metadata={"description": "S standard, Z zero, E exempt, O out of scope"},
    )
    reason = Line(max_length=LONGEST_REASON, metadata={"description": "of E and O: why no tax is charged"})
    rates = periods(RateSchema, "of S: each rate with its first day")


class PriceSchema(Schema):
    """A price from a day on: the standard price, or that of a concession."""

    valid_from = Start()
    concession = Line(
        max_length=LONGEST_CONCESSION, load_default=None, metadata={"description": "null is the standard price"}
    )
    price = MoneyField(required=True, validate=check_price)


class PriceItemSchema(ArchivedRecordSchema):
    """An item of the price list with its prices."""

    code = Code(required=True)
    label = Line(required=True, max_length=LONGEST_DESCRIPTION, what="a label")
    tax_rate_id = OptionalId("a tax", load_default=None, metadata={"description": "null: that of the settings"})
    prices = periods(PriceSchema, "each price with its first day")
    service_ids = Ids(
        message="Choose services of this clinic",
        load_default=list,
        metadata={"description": "The services that it is charged for"},
    )


class ArchivedQuery(ListQuery):
    """Filters of a list of taxes or items."""

    active = Choice("true", "false", metadata={"description": "only those in use, or only the archived ones"})

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert the filter to a boolean, None without it."""
        given = data.get("active")
        return data | {"active": None if given is None else given == "true"}


class ArchivedPageQuery(Schema):
    """Whether a page also lists what is archived."""

    archived = Choice("1")


class TypedRate(RateSchema):
    """A row of the form of a tax."""

    rate = TypedPercent(required=True)


class TaxRateForm(TaxRateSchema):
    """The form of a tax, with rows of fields like `rates-0-rate`."""

    rates = periods(TypedRate, "")

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Group the fields by row; empty rows are ignored."""
        return without_rows(typed, "rates") | {"rates": filled_rows(typed_rows(typed, "rates", RATE_COLUMNS))}


class TypedPrice(PriceSchema):
    """A row of the form of an item."""

    price = TypedMoney(required=True, validate=check_price)


class PriceItemForm(PriceItemSchema):
    """The form of an item, with rows of fields like `prices-0-price`."""

    prices = periods(TypedPrice, "")

    @pre_load
    def gather(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Group the fields by row; empty rows are ignored."""
        return without_rows(typed, "prices") | {"prices": filled_rows(typed_rows(typed, "prices", PRICE_COLUMNS))}
