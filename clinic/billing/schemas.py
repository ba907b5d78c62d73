"""Invoices and payments as JSON and forms see them."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from babel.numbers import get_decimal_symbol
from marshmallow import Schema, ValidationError, fields, pre_load

from clinic.billing.rules import (
    BAD_KEY,
    LONGEST_DESCRIPTION,
    LONGEST_REFERENCE,
    METHODS,
    MOST_LINES,
    NEGATIVE_PRICE,
    NO_LINE,
    STATUSES,
    TOO_MANY_LINES,
    is_idempotency_key,
)
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.web.fields import CURRENCY_PATTERN, Choice, Identifier, Line, Moment, MoneyField, Quantity
from clinic.web.json_api import ListQuery

ROW_FIELDS = ("description", "quantity", "unit_price")
_ROW_FIELD = re.compile(rf"lines-([0-9]{{1,3}})-({'|'.join(ROW_FIELDS)})", re.ASCII)
_MAYBE_THOUSANDS = re.compile(r"-?[0-9]{1,3},[0-9]{3}", re.ASCII)


def check_price(price: Money) -> None:
    """Refuse a price below zero.

    :raises ValidationError: if it is one
    """
    if price.minor < 0:
        raise ValidationError(NEGATIVE_PRICE)


def check_number_of_lines(lines: list[Any]) -> None:
    """Refuse an invoice of nothing, or of more than anybody reads.

    :raises ValidationError: if it is one
    """
    if not lines:
        raise ValidationError(NO_LINE)
    if len(lines) > MOST_LINES:
        raise ValidationError(TOO_MANY_LINES)


class InvoiceLineSchema(Schema):
    """One thing that is charged: so much of it, at this price."""

    description = Line(required=True, what="a description", max_length=LONGEST_DESCRIPTION)
    quantity = Quantity(required=True)
    unit_price = MoneyField(required=True, validate=check_price)
    amount = MoneyField(dump_only=True)


class PaymentSchema(Schema):
    """Money taken for an invoice."""

    id = fields.UUID(dump_only=True)
    invoice_id = fields.UUID(dump_only=True)
    amount = MoneyField(required=True)
    method = Choice(*METHODS, required=True, what="how it was paid")
    reference = Line(max_length=LONGEST_REFERENCE, metadata={"description": "what the terminal or the bank printed"})
    received_at = Moment(dump_only=True)


class InvoiceSchema(Schema):
    """What a patient is to pay, and has paid."""

    id = fields.UUID(dump_only=True)
    number = fields.String(dump_only=True, allow_none=True, metadata={"description": "null while it is a draft"})
    patient_id = Identifier(required=True, what="a patient")
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
    due = MoneyField(dump_only=True, metadata={"description": "what is still to pay"})
    payments = fields.List(fields.Nested(PaymentSchema), dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)


class InvoiceQuery(ListQuery):
    """Which invoices are wanted."""

    status = Choice(*STATUSES, what="a status")
    patient_id = Identifier(what="a patient")


class TypedMoney(MoneyField):
    """An amount in the clinic's currency as people type it: `45`, `45.0`, `45,00`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        clinic = clinic_service.current()
        written = {"amount": plain_decimal(str(value), clinic.locale), "currency": clinic.currency}
        try:
            return super()._deserialize(written, attr, data, **kwargs)
        except ValidationError as error:
            raise ValidationError(error.messages_dict["amount"]) from error


class TypedQuantity(Quantity):
    """A quantity as people type it: `1`, `2.5`, `2,5`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        plain = plain_decimal(str(value), clinic_service.current().locale)
        return super()._deserialize(plain, attr, data, **kwargs)


class TypedLine(InvoiceLineSchema):
    """A line of the form of an invoice."""

    quantity = TypedQuantity(required=True)
    unit_price = TypedMoney(required=True, validate=check_price)


class InvoiceForm(Schema):
    """The form of an invoice: the patient's number or id, and rows of fields like `lines-0-description`."""

    patient = Line(required=True, what="the patient’s number")
    lines = fields.List(fields.Nested(TypedLine), validate=check_number_of_lines)

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Put the fields of each row together."""
        rest = {name: value for name, value in typed.items() if not _ROW_FIELD.fullmatch(name)}
        return {**rest, "lines": typed_rows(typed)}


class PaymentForm(PaymentSchema):
    """The form of a payment, with the key that was made with it."""

    amount = TypedMoney(required=True)
    key = fields.String(required=True, attribute="idempotency_key")

    @pre_load
    def check_key(self, typed: Mapping[str, str], **_options: Any) -> Mapping[str, str]:
        """Refuse a form that was not made here.

        :raises ValidationError: if its key is none
        """
        if not is_idempotency_key(typed.get("key", "")):
            raise ValidationError(BAD_KEY)
        return typed


def typed_rows(typed: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a sent form in which something was typed; a quantity alone is nothing."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in typed.items():
        if match := _ROW_FIELD.fullmatch(name):
            rows.setdefault(int(match[1]), dict.fromkeys(ROW_FIELDS, ""))[match[2]] = value
    written = (row for _, row in sorted(rows.items()))
    return [row for row in written if row["description"].strip() or row["unit_price"].strip()]


def row_values(rows: list[dict[str, str]], count: int) -> dict[str, str]:
    """Return the fields of `count` rows as a form shows them: those that were typed, then empty ones."""
    empty = {"description": "", "quantity": "1", "unit_price": ""}
    shown = [*rows, *[empty] * (count - len(rows))]
    return {f"lines-{index}-{name}": row[name] for index, row in enumerate(shown) for name in ROW_FIELDS}


def plain_decimal(typed: str, locale: str) -> str:
    """Return a number as typed with a point before its decimals.

    A comma that may part thousands (`1,500`) stays, to be refused, unless the locale's decimals have one.
    """
    text = typed.strip()
    if _MAYBE_THOUSANDS.fullmatch(text) and get_decimal_symbol(locale) != ",":
        return text
    return text.replace(",", ".", 1)
