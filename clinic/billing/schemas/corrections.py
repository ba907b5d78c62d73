"""Schemas of reversals, refunds, credit notes and write-offs, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, post_load, pre_load

from clinic.billing.rules import (
    CREDIT_REASONS,
    LONGEST_NOTE,
    LONGEST_REASON,
    METHODS,
    MOST_LINES,
    NOT_A_LIST,
    REFUND_REASONS,
)
from clinic.billing.schemas.invoices import TaxGroupSchema
from clinic.billing.schemas.issue import CopiedParticularsSchema
from clinic.billing.schemas.rows import typed_rows, without_rows
from clinic.billing.schemas.typed import TypedMoney, TypedQuantity
from clinic.billing.service import CreditedLine
from clinic.web.fields import Choice, Line, MoneyField, Paragraph, Part, Quantity, Switch, Timestamp, id_messages
from clinic.web.json_api import list_schema

LINE_FIELDS = ("line_id", "quantity")


class ReasonSchema(Schema):
    """Why something is done."""

    reason = Line(required=True, max_length=LONGEST_REASON, what="a reason")


class WriteOffOptions(ReasonSchema):
    """The options of the command that writes off, with the amount that is expected."""

    amount = MoneyField()


class WriteOffSchema(ReasonSchema):
    """What was written off of an invoice, or what undoes that: its amount is below zero then."""

    id = fields.UUID(dump_only=True)
    invoice_id = fields.UUID(dump_only=True)
    amount = MoneyField(dump_only=True)
    undoes_id = fields.UUID(
        dump_only=True, allow_none=True, metadata={"description": "the write-off that it undoes, null if it is one"}
    )
    written_off_at = Timestamp(dump_only=True)


WriteOffListSchema = list_schema(WriteOffSchema)


class RefundSchema(Schema):
    """Money that is given back of a payment."""

    id = fields.UUID(dump_only=True)
    payment_id = fields.UUID(dump_only=True)
    amount = MoneyField(required=True)
    method = Choice(*METHODS, required=True, what="how it is given back")
    reason = Choice(*REFUND_REASONS, required=True, what="a reason")
    note = Paragraph(max_length=LONGEST_NOTE, metadata={"description": "required if the reason is `other`"})
    from_credit = Switch(
        load_only=True,
        metadata={"description": "give back only what is used for no invoice; else 409"},
    )
    refunded_at = Timestamp(dump_only=True)


RefundListSchema = list_schema(RefundSchema)


class CreditedLineSchema(Schema):
    """What is credited of a line of an invoice."""

    line_id = fields.UUID(
        required=True, attribute="invoice_line_id", error_messages=id_messages("a line of the invoice")
    )
    description = fields.String(dump_only=True)
    quantity = Quantity(required=True)
    amount = MoneyField(dump_only=True)

    @post_load
    def make(self, data: dict[str, Any], **_options: Any) -> CreditedLine:
        """Return the line as the service takes it."""
        return CreditedLine(data["invoice_line_id"], data["quantity"])


class CreditNoteSchema(CopiedParticularsSchema):
    """A credit note of an invoice, over given lines or over all that is not credited yet."""

    id = fields.UUID(dump_only=True)
    number = fields.String(dump_only=True)
    invoice_id = fields.UUID(dump_only=True)
    invoice_number = fields.String(dump_only=True, attribute="invoice.number")
    invoice_issued_on = fields.Date(dump_only=True, attribute="invoice.issued_on")
    issued_on = fields.Date(dump_only=True)
    reason = Choice(*CREDIT_REASONS, required=True, what="a reason")
    note = Paragraph(max_length=LONGEST_NOTE, metadata={"description": "required if the reason is `other`"})
    lines = fields.List(
        Part(CreditedLineSchema, "a line"),
        error_messages=dict.fromkeys(("invalid", "null"), NOT_A_LIST),
        metadata={"maxItems": MOST_LINES, "description": "all that is not credited yet unless given"},
    )
    taxes = fields.List(fields.Nested(TaxGroupSchema), dump_only=True, attribute="groups")
    net = MoneyField(dump_only=True)
    tax = MoneyField(dump_only=True)
    total = MoneyField(dump_only=True)


CreditNoteListSchema = list_schema(CreditNoteSchema)


class CreditOptions(CreditNoteSchema):
    """The options of the command that issues a credit note, with the amount that is expected."""

    amount = MoneyField()


class RefundForm(RefundSchema):
    """The form of a refund."""

    amount = TypedMoney(required=True)


class TypedCreditedLine(CreditedLineSchema):
    """A row of the form of a credit note."""

    quantity = TypedQuantity(required=True)


class CreditNoteForm(CreditNoteSchema):
    """The form of a credit note: the whole invoice, or rows of fields like `lines-0-quantity`."""

    lines = fields.List(fields.Nested(TypedCreditedLine))

    @pre_load
    def gather(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Group the fields by row; without a quantity a row is empty."""
        plain = {name: value for name, value in without_rows(typed, "lines").items() if name not in {"what", "act"}}
        if typed.get("what") == "whole":
            return plain
        return plain | {"lines": [row for _, row in filled_lines(typed)]}


def filled_lines(typed: Mapping[str, str]) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a sent form that have a quantity, each with its number on the page."""
    rows = enumerate(typed_rows(typed, "lines", LINE_FIELDS))
    return [(index, row) for index, row in rows if row["quantity"].strip(" 0.,")]
