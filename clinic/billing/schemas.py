"""Schemas of invoices and payments, for JSON, forms and commands."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from babel.numbers import get_decimal_symbol
from marshmallow import Schema, ValidationError, fields, pre_load

from clinic.billing.rules import (
    LONGEST_DESCRIPTION,
    LONGEST_REFERENCE,
    METHODS,
    MOST_LINES,
    NEGATIVE_PRICE,
    NO_LINE,
    STATUSES,
    TOO_MANY_LINES,
)
from clinic.core.decimals import AmbiguousNumber, plain_decimal
from clinic.core.money import Money, digits_of
from clinic.identity.clinics import clinic_service
from clinic.web.fields import CURRENCY_PATTERN, Choice, Line, MoneyField, Quantity, Timestamp, id_messages
from clinic.web.json_api import ListQuery

ROW_FIELDS = ("description", "quantity", "unit_price")
_ROW_FIELD = re.compile(rf"lines-([0-9]{{1,3}})-({'|'.join(ROW_FIELDS)})", re.ASCII)


def check_price(price: Money) -> None:
    """Reject a price below zero.

    :raises ValidationError: if it is one
    """
    if price.minor < 0:
        raise ValidationError(NEGATIVE_PRICE)


def check_number_of_lines(lines: list[Any]) -> None:
    """Reject an invoice with no lines or too many.

    :raises ValidationError: if it is one
    """
    if not lines:
        raise ValidationError(NO_LINE)
    if len(lines) > MOST_LINES:
        raise ValidationError(TOO_MANY_LINES)


class InvoiceLineSchema(Schema):
    """A line of an invoice: description, quantity and unit price."""

    description = Line(required=True, what="a description", max_length=LONGEST_DESCRIPTION)
    quantity = Quantity(required=True)
    unit_price = MoneyField(required=True, validate=check_price)
    amount = MoneyField(dump_only=True)


class PaymentSchema(Schema):
    """A payment for an invoice."""

    id = fields.UUID(dump_only=True)
    invoice_id = fields.UUID(dump_only=True)
    amount = MoneyField(required=True)
    method = Choice(*METHODS, required=True, what="how it was paid")
    reference = Line(max_length=LONGEST_REFERENCE, metadata={"description": "what the terminal or the bank printed"})
    received_at = Timestamp(dump_only=True)


class InvoiceSchema(Schema):
    """An invoice of a patient with its lines and payments."""

    id = fields.UUID(dump_only=True)
    number = fields.String(dump_only=True, allow_none=True, metadata={"description": "null while it is a draft"})
    patient_id = fields.UUID(required=True, error_messages=id_messages("a patient"))
    appointment_id = fields.UUID(
        load_default=None,
        allow_none=True,
        error_messages=id_messages("an appointment"),
        metadata={"description": "the visit that it is for"},
    )
    status = fields.String(dump_only=True, metadata={"enum": list(STATUSES)})
    currency = fields.String(dump_only=True, metadata={"pattern": CURRENCY_PATTERN})
    issued_on = fields.Date(dump_only=True, allow_none=True)
    lines = fields.List(
        fields.Nested(InvoiceLineSchema, error_messages={"type": "Enter a line as an object"}),
        required=True,
        validate=check_number_of_lines,
        error_messages={"required": NO_LINE, "null": NO_LINE, "invalid": "Enter a list of lines"},
        metadata={"minItems": 1, "maxItems": MOST_LINES},
    )
    total = MoneyField(dump_only=True)
    paid = MoneyField(dump_only=True)
    due = MoneyField(dump_only=True, metadata={"description": "the amount still due"})
    payments = fields.List(fields.Nested(PaymentSchema), dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class InvoiceQuery(ListQuery):
    """Filters of the list of invoices."""

    status = Choice(*STATUSES, what="a status")
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    appointment_id = fields.UUID(error_messages=id_messages("an appointment"))


class TypedMoney(MoneyField):
    """An amount in the clinic's currency as typed into a form: `45`, `45.0`, `45,00`, `1.500,00`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        clinic = clinic_service.current()
        symbol = _symbol_of_three_decimals(clinic.currency, clinic.locale)
        try:
            written = {"amount": plain_decimal(str(value), decimal_symbol=symbol), "currency": clinic.currency}
            return super()._deserialize(written, attr, data, **kwargs)
        except AmbiguousNumber as error:
            raise ValidationError(str(error)) from error
        except ValidationError as error:
            raise ValidationError(error.messages_dict["amount"]) from error


class TypedQuantity(Quantity):
    """A quantity as typed into a form: `1`, `2.5`, `2,5`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        try:
            return super()._deserialize(plain_decimal(str(value)), attr, data, **kwargs)
        except AmbiguousNumber as error:
            raise ValidationError(str(error)) from error


class TypedLine(InvoiceLineSchema):
    """A line of the form of an invoice."""

    quantity = TypedQuantity(required=True)
    unit_price = TypedMoney(required=True, validate=check_price)


class InvoiceForm(Schema):
    """The form of an invoice: the patient's number or id, a visit, and rows of fields like `lines-0-description`."""

    patient = Line(required=True, what="the patient’s number")
    appointment_id = fields.UUID(error_messages=id_messages("an appointment"))
    lines = fields.List(fields.Nested(TypedLine), validate=check_number_of_lines)

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Group the fields by row."""
        rest = {name: value for name, value in typed.items() if not _ROW_FIELD.fullmatch(name)}
        return {name: value for name, value in rest.items() if value or name != "appointment_id"} | {
            "lines": typed_rows(typed)
        }


class PaymentForm(PaymentSchema):
    """The form of a payment."""

    amount = TypedMoney(required=True)


def typed_rows(typed: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a sent form that are not empty; a row with only a quantity is empty."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in typed.items():
        if match := _ROW_FIELD.fullmatch(name):
            rows.setdefault(int(match[1]), dict.fromkeys(ROW_FIELDS, ""))[match[2]] = value
    written = (row for _, row in sorted(rows.items()))
    return [row for row in written if row["description"].strip() or row["unit_price"].strip()]


def row_values(rows: list[dict[str, str]], count: int) -> dict[str, str]:
    """Return the fields of `count` rows of a form: the given rows, then empty ones."""
    empty = {"description": "", "quantity": "1", "unit_price": ""}
    shown = [*rows, *[empty] * (count - len(rows))]
    return {f"lines-{index}-{name}": row[name] for index, row in enumerate(shown) for name in ROW_FIELDS}


def typed_amount(money: Money, locale: str) -> str:
    """Return an amount as a form shows it to be sent again; three decimals follow the symbol of the locale."""
    symbol = _symbol_of_three_decimals(money.currency, locale)
    return money.amount if symbol is None else money.amount.replace(".", symbol)


def _symbol_of_three_decimals(currency: str, locale: str) -> str | None:
    """Return the symbol that precedes the decimals of a currency that has three, None for any other."""
    return get_decimal_symbol(locale) if digits_of(currency) == 3 else None  # noqa: PLR2004
