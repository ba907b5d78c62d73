"""Schemas of the settings of billing, for JSON, forms and commands."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from clinic.billing.schemas.ids import OptionalId
from clinic.billing.settings_rules import (
    BAD_BIC,
    BAD_IBAN,
    BAD_PATTERN,
    DEFAULT_PATTERN,
    DEFAULT_PAYMENT_DAYS,
    LIKE_CREDIT_NOTES,
    LONGEST_PATTERN,
    MOST_PAYMENT_DAYS,
    compact_bic,
    compact_iban,
    is_pattern,
    reads_like_credit_notes,
)
from clinic.web.fields import Count, Email, Line, Paragraph, Switch, Tick, Timestamp


class Iban(Line):
    """An IBAN (ISO 13616), with or without spaces, stored without."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=50, what="an IBAN", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and (text := compact_iban(text)) is None:
            raise ValidationError(BAD_IBAN)
        return text


class Bic(Line):
    """A BIC (ISO 9362), stored in capitals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20, what="a BIC", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and (text := compact_bic(text)) is None:
            raise ValidationError(BAD_BIC)
        return text


class NumberPattern(Line):
    """A pattern of invoice numbers, stored in capitals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_PATTERN, what="a pattern of numbers", allow_none=False, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs).upper()
        if not is_pattern(text):
            raise ValidationError(BAD_PATTERN)
        if reads_like_credit_notes(text):
            raise ValidationError(LIKE_CREDIT_NOTES)
        return text


class BillingSettingsSchema(Schema):
    """What invoices say of the clinic, how they are numbered, when they are due, and how prices are understood."""

    legal_name = Line(metadata={"description": "as on the register; the clinic’s name if null"})
    address = Paragraph(max_length=500, metadata={"description": "as on the register; that of the clinic if null"})
    phone = Line(max_length=50, metadata={"description": "that of the clinic if null"})
    email = Email(metadata={"description": "that of the clinic if null"})
    tax_number = Line(max_length=40, metadata={"description": "the VAT or tax number of the clinic"})
    iban = Iban()
    bic = Bic()
    number_pattern = NumberPattern(
        load_default=DEFAULT_PATTERN,
        metadata={"description": "YYYY is the year, # a digit of the number; it may not begin with CN"},
    )
    payment_days = Count(least=0, most=MOST_PAYMENT_DAYS, load_default=DEFAULT_PAYMENT_DAYS, what="the days")
    prices_include_tax = Switch(load_default=True)
    default_tax_rate_id = OptionalId("a tax", load_default=None)
    footer = Paragraph(max_length=500)
    version = fields.Integer(dump_only=True, metadata={"minimum": 0, "description": "0 until they are first saved"})
    updated_at = Timestamp(dump_only=True)


class BillingSettingsForm(BillingSettingsSchema):
    """The form of the settings."""

    prices_include_tax = Tick(load_default=True)
