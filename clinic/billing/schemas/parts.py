"""Schemas of parts of drafts that are billed to somebody else, for JSON, forms and commands."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validates_schema

from clinic.billing.part_rules import BAD_PERCENT, NO_SHARE, TWO_SHARES, WHOLE_PERCENT
from clinic.billing.payers import incomplete_payer
from clinic.billing.price_rules import BAD_RATE
from clinic.billing.rules import STATUSES
from clinic.billing.schemas.invoices import PayerSchema, typed_payer
from clinic.billing.schemas.percent import Percent
from clinic.billing.schemas.rows import without_rows
from clinic.billing.schemas.standing import StandingField
from clinic.billing.schemas.typed import TypedMoney, TypedPercent
from clinic.web.fields import CURRENCY_PATTERN, MoneyField, Part
from clinic.web.json_api import list_schema

NO_PAYER = "Choose who pays the part"
_SHARES = ("percent", "amount")


class ShareInPercent(Percent):
    """A percentage above 0 and below 100 as a decimal text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Fraction:
        try:
            percent = super()._deserialize(value, attr, data, **kwargs)
        except ValidationError:
            raise ValidationError(BAD_PERCENT) from None
        if percent == WHOLE_PERCENT:
            raise ValidationError(BAD_PERCENT)
        return percent


class PayerOfPartSchema(PayerSchema):
    """Who pays a part; what is wrong with them is said together with the part."""

    @validates_schema
    def check_payer(self, payer: dict[str, Any], **_options: Any) -> None:
        """Reject a payer who lacks what they need, or has what is not theirs."""
        given: Any = payer
        if problems := incomplete_payer(given):
            raise ValidationError(problems)


class SplitSchema(Schema):
    """Who pays a part of a draft, and how much of it: a percentage, or an amount with tax."""

    payer = Part(PayerOfPartSchema, "the payer", required=True, error_messages={"required": NO_PAYER})
    percent = ShareInPercent(
        load_default=None,
        allow_none=True,
        metadata={"description": "of the lines, above 0 and below 100; either this or an amount"},
    )
    amount = MoneyField(
        load_default=None,
        allow_none=True,
        metadata={"description": "with tax, below the total; either this or a percentage"},
    )

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_share(self, _data: dict[str, Any], sent: Any, **_options: Any) -> None:
        """Require either a percentage or an amount."""
        given = [sent.get(name) not in (None, "") for name in _SHARES] if isinstance(sent, Mapping) else []
        if given and all(given):
            raise ValidationError(TWO_SHARES, "percent")
        if not any(given):
            raise ValidationError(NO_SHARE, "percent")


class PartOfInvoiceSchema(Schema):
    """A part of an invoice: an invoice of its own, for another payer."""

    id = fields.UUID(dump_only=True)
    number = fields.String(dump_only=True, allow_none=True, metadata={"description": "null while it is a draft"})
    payer = fields.Nested(PayerSchema, dump_only=True, allow_none=True)
    status = fields.String(dump_only=True, metadata={"enum": list(STATUSES)})
    standing = StandingField()
    currency = fields.String(dump_only=True, metadata={"pattern": CURRENCY_PATTERN})
    total = MoneyField(dump_only=True)
    due = MoneyField(dump_only=True, metadata={"description": "the amount still due"})
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})


PartListSchema = list_schema(PartOfInvoiceSchema)


class TypedShare(fields.Field[Any]):
    """The size of a part as typed into a form: `80 %` is a fraction, `52.00` an amount."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not str(value).strip():
            raise ValidationError(NO_SHARE)
        try:
            return TypedPercent().deserialize(value) if "%" in str(value) else TypedMoney().deserialize(value)
        except ValidationError as error:
            raise ValidationError(BAD_PERCENT if error.messages == [BAD_RATE] else error.messages) from error


class SplitForm(Schema):
    """The form of a part: who pays it, and its size."""

    payer = fields.Nested(PayerOfPartSchema, required=True, error_messages={"required": NO_PAYER})
    share = TypedShare(required=True, error_messages={"required": NO_SHARE})

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Group the fields of the payer."""
        plain = without_rows(typed, "payer")
        return {"share": ""} | {name: value for name, value in plain.items() if name != "payer"} | typed_payer(typed)

    @post_load
    def name_share(self, fields: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Store the share as a percentage or as an amount."""
        share = fields.pop("share")
        return fields | {"percent" if isinstance(share, Fraction) else "amount": share}
