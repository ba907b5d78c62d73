"""Schemas of invoices and payments, for JSON, forms and commands."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from clinic.billing.payer_rules import (
    KINDS,
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_TAX_NUMBER,
    OTHER,
    PATIENT,
    RELATED_PERSON,
)
from clinic.billing.price_rules import CATEGORIES
from clinic.billing.rules import (
    BILL,
    LONGEST_DESCRIPTION,
    LONGEST_NOTE,
    MOST_LINES,
    NEGATIVE_PRICE,
    NO_LINE,
    OPENING,
    STATUSES,
    TOO_MANY_LINES,
)
from clinic.billing.schemas.ids import OptionalId
from clinic.billing.schemas.issue import IssuedParticularsSchema
from clinic.billing.schemas.payments import PaymentOfInvoiceSchema, UseOfPaymentSchema
from clinic.billing.schemas.percent import Percent
from clinic.billing.schemas.rows import Row, typed_rows, without_rows
from clinic.billing.schemas.standing import OverdueField, StandingField
from clinic.billing.schemas.typed import TypedDiscount, TypedMoney, TypedQuantity
from clinic.core.money import Money
from clinic.web.fields import (
    CURRENCY_PATTERN,
    Choice,
    Line,
    MoneyField,
    Paragraph,
    Part,
    Quantity,
    Timestamp,
    id_messages,
)

ROW_FIELDS = ("description", "quantity", "unit_price", "discount", "tax_rate_id")
PAYER_FIELDS = ("name", "address", "tax_number")
BUTTONS = ("add", "more", "remove", "item")
"""Fields of the form that are no part of a draft."""


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


class PayerSchema(Schema):
    """Who pays: the patient, a related person by id, or somebody else by name, maybe with address and tax number."""

    kind = Choice(*KINDS, what="who pays", required=True)
    related_person_id = OptionalId("a related person", load_default=None)
    name = Line(max_length=LONGEST_NAME, load_default=None)
    address = Paragraph(max_length=LONGEST_ADDRESS, load_default=None, metadata={"description": "in lines"})
    tax_number = Line(max_length=LONGEST_TAX_NUMBER, load_default=None)


class InvoiceLineSchema(Schema):
    """A line of an invoice; with an item, description, price and tax come from the price list unless given."""

    id = fields.UUID(dump_only=True)
    item_id = OptionalId("an item", load_default=None)
    code = fields.String(dump_only=True, allow_none=True)
    description = Line(
        max_length=LONGEST_DESCRIPTION,
        load_default=None,
        metadata={"description": "the label of the item unless given"},
    )
    quantity = Quantity(required=True)
    unit_price = MoneyField(
        validate=check_price,
        load_default=None,
        allow_none=True,
        metadata={"description": "today’s price of the item unless given"},
    )
    discount_percent = Percent(
        load_default=None, allow_none=True, metadata={"description": "a discount in percent, instead of an amount"}
    )
    discount = MoneyField(load_default=None, allow_none=True, metadata={"description": "a discount as an amount"})
    tax_rate_id = OptionalId(
        "a tax", load_default=None, metadata={"description": "that of the item or of the settings unless given"}
    )
    tax_category = fields.String(dump_only=True, allow_none=True, metadata={"enum": [*CATEGORIES, None]})
    tax_rate = Percent(dump_only=True, allow_none=True, metadata={"description": "percent; null without a tax"})
    amount = MoneyField(dump_only=True, metadata={"description": "after the discount"})


class TaxGroupSchema(Schema):
    """What the lines of one category and rate of tax come to; the category is empty without a tax."""

    category = fields.String(dump_only=True)
    rate = Percent(dump_only=True)
    net = MoneyField(dump_only=True)
    tax = MoneyField(dump_only=True)
    gross = MoneyField(dump_only=True)


class InvoiceSchema(IssuedParticularsSchema):
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
    part_of_id = fields.UUID(
        dump_only=True,
        allow_none=True,
        metadata={"description": "the invoice that it was split off, for another payer"},
    )
    status = fields.String(dump_only=True, metadata={"enum": list(STATUSES)})
    standing = StandingField()
    overdue = OverdueField()
    currency = fields.String(dump_only=True, metadata={"pattern": CURRENCY_PATTERN})
    lines = fields.List(
        Part(InvoiceLineSchema, "a line"),
        required=True,
        validate=check_number_of_lines,
        error_messages={"required": NO_LINE, "null": NO_LINE, "invalid": "Enter a list of lines"},
        metadata={"minItems": 1, "maxItems": MOST_LINES},
    )
    note = Paragraph(max_length=LONGEST_NOTE, load_default=None, metadata={"description": "printed on the invoice"})
    payer = Part(
        PayerSchema,
        "the payer",
        load_default=None,
        allow_none=True,
        metadata={"description": "the payer on record, the guardian of a minor, or the patient unless given"},
    )
    kind = fields.String(
        dump_only=True,
        metadata={"enum": [BILL, OPENING], "description": "`opening`: what the patient owed before, and no document"},
    )
    prices_include_tax = fields.Boolean(dump_only=True)
    taxes = fields.List(fields.Nested(TaxGroupSchema), dump_only=True, attribute="totals.groups")
    net = MoneyField(dump_only=True, attribute="totals.net")
    tax = MoneyField(dump_only=True, attribute="totals.tax")
    total = MoneyField(dump_only=True)
    credited = MoneyField(dump_only=True, metadata={"description": "the sum of its credit notes"})
    written_off = MoneyField(dump_only=True)
    paid = MoneyField(dump_only=True)
    due = MoneyField(dump_only=True, metadata={"description": "the amount still due"})
    payments = fields.List(fields.Nested(PaymentOfInvoiceSchema), dump_only=True)
    allocations = fields.List(
        fields.Nested(UseOfPaymentSchema),
        dump_only=True,
        attribute="uses",
        metadata={"description": "the parts of payments that pay it"},
    )
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class DraftSchema(InvoiceSchema):
    """What can be changed of a draft: its visit, its lines, its note, its payer."""

    patient_id = fields.UUID(dump_only=True)


class TypedLine(Schema):
    """A line of the form of an invoice; the description may be the code or label of an item."""

    description = Line(required=True, what="an item or a description", max_length=LONGEST_DESCRIPTION)
    quantity = TypedQuantity(required=True)
    unit_price = TypedMoney(validate=check_price, load_default=None, allow_none=True)
    discount = TypedDiscount(load_default=None)
    tax_rate_id = OptionalId("a tax", load_default=None)

    @pre_load
    def drop_empty(self, typed: Mapping[str, str], **_options: Any) -> dict[str, str]:
        """Leave out an empty price: it comes from the price list."""
        return {name: value for name, value in typed.items() if value.strip() or name not in {"unit_price", "discount"}}

    @post_load
    def split_discount(self, line: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Store the discount as a rate in percent or as an amount."""
        discount = line.pop("discount")
        return line | {"discount_percent" if isinstance(discount, Fraction) else "discount": discount}


class DraftForm(Schema):
    """The form of a draft: a visit, a note, who pays, and rows of fields like `lines-0-description`."""

    appointment_id = OptionalId("an appointment")
    note = Paragraph(max_length=LONGEST_NOTE)
    payer = fields.Nested(PayerSchema)
    lines = fields.List(fields.Nested(TypedLine), validate=check_number_of_lines)

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Group the fields by row."""
        plain = without_rows(without_rows(typed, "lines"), "payer")
        rest = {name: value for name, value in plain.items() if name not in BUTTONS} | typed_payer(typed)
        return {name: value for name, value in rest.items() if value or name != "appointment_id"} | {
            "lines": typed_lines(typed)
        }


class InvoiceForm(DraftForm):
    """The form of a new invoice: the patient's number or id besides."""

    patient = Line(required=True, what="the patient’s number")


def typed_payer(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the payer of a sent form, nothing if none is chosen."""
    chosen = typed.get("payer", "")
    if not chosen:
        return {}
    if chosen == PATIENT:
        return {"payer": {"kind": PATIENT}}
    if chosen != OTHER:
        return {"payer": {"kind": RELATED_PERSON, "related_person_id": chosen}}
    return {"payer": {"kind": OTHER} | {name: typed.get(f"payer-{name}", "") for name in PAYER_FIELDS}}


def typed_lines(typed: Mapping[str, str]) -> list[Row]:
    """Return the rows of a sent form that are not empty; a row with only a quantity or a tax is empty."""
    rows = typed_rows(typed, "lines", ROW_FIELDS)
    return [row for row in rows if row["description"].strip() or row["unit_price"].strip()]
