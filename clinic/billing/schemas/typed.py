"""Amounts and numbers as people type them into forms."""

from fractions import Fraction
from typing import Any

from babel.numbers import get_decimal_symbol
from marshmallow import ValidationError, fields

from clinic.billing.rules import BAD_DISCOUNT
from clinic.billing.schemas.percent import Percent
from clinic.core.decimals import AmbiguousNumber, plain_decimal
from clinic.core.money import Money, digits_of
from clinic.identity.clinics import clinic_service
from clinic.web.fields import MoneyField, Quantity


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


class TypedDiscount(fields.Field[Any]):
    """A discount as typed into a form: `20 %` is a fraction, `5.00` an amount; empty is None."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not str(value).strip():
            return None
        if "%" not in str(value):
            return TypedMoney().deserialize(value)
        try:
            return TypedPercent().deserialize(value)
        except ValidationError as error:
            raise ValidationError(BAD_DISCOUNT) from error


class TypedPercent(Percent):
    """A rate as typed into a form: `23`, `5.5`, `5,5`, `23 %`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        try:
            text = plain_decimal(str(value).strip().removesuffix("%"))
        except AmbiguousNumber as error:
            raise ValidationError(str(error)) from error
        return super()._deserialize(text, attr, data, **kwargs)


def typed_amount(money: Money, locale: str) -> str:
    """Return an amount as a form shows it to be sent again; three decimals follow the symbol of the locale."""
    symbol = _symbol_of_three_decimals(money.currency, locale)
    return money.amount if symbol is None else money.amount.replace(".", symbol)


def _symbol_of_three_decimals(currency: str, locale: str) -> str | None:
    """Return the symbol that precedes the decimals of a currency that has three, None for any other."""
    return get_decimal_symbol(locale) if digits_of(currency) == 3 else None  # noqa: PLR2004
