"""Schemas of payments and of the use of credit, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from clinic.billing.rules import LONGEST_REFERENCE, METHODS, MONEY, NOT_A_LIST, NOT_ABOVE_ZERO, OPENING
from clinic.billing.schemas.ids import OptionalId
from clinic.billing.schemas.typed import TypedMoney
from clinic.billing.service import PaymentPart
from clinic.core.money import Money
from clinic.web.fields import Choice, Line, MoneyField, Part, Switch, Tick, Timestamp, id_messages
from clinic.web.json_api import ListQuery, list_schema

PAY = "pay-"
"""What the fields of a form begin with that say how much an invoice gets."""


def check_above_zero(amount: Money) -> None:
    """Reject an amount that is not above zero.

    :raises ValidationError: if it is one
    """
    if amount.minor <= 0:
        raise ValidationError(NOT_ABOVE_ZERO)


class UseOfPaymentSchema(Schema):
    """What of a payment pays an invoice at present."""

    payment_id = fields.UUID(dump_only=True)
    invoice_id = fields.UUID(dump_only=True)
    amount = MoneyField(dump_only=True, attribute="used")
    allocated_at = Timestamp(dump_only=True)


class PaymentOfInvoiceSchema(Schema):
    """A payment as an invoice lists it."""

    id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    invoice_id = fields.UUID(
        dump_only=True, allow_none=True, metadata={"description": "for which it was entered; null: for the patient"}
    )
    kind = fields.String(
        dump_only=True,
        metadata={"enum": [MONEY, OPENING], "description": "`opening`: credit from before, which was not taken"},
    )
    amount = MoneyField(required=True)
    method = Choice(*METHODS, required=True, what="how it was paid")
    reference = Line(max_length=LONGEST_REFERENCE, metadata={"description": "what the terminal or the bank printed"})
    tendered = MoneyField(allow_none=True, metadata={"description": "the cash that was given"})
    change = MoneyField(dump_only=True, allow_none=True, metadata={"description": "what was given back of the cash"})
    credit = MoneyField(dump_only=True, metadata={"description": "what is neither used for an invoice nor refunded"})
    refunded = MoneyField(dump_only=True)
    reversed_at = Timestamp(dump_only=True, allow_none=True)
    reversal_reason = fields.String(dump_only=True, allow_none=True)
    received_at = Timestamp(dump_only=True)


class PaymentSchema(PaymentOfInvoiceSchema):
    """A payment, and what it is used for."""

    keep_credit = Switch(
        load_only=True,
        metadata={"description": "keep what is more than due as credit of the patient; else 409"},
    )
    allocations = fields.List(fields.Nested(UseOfPaymentSchema), dump_only=True, attribute="uses")


PaymentListSchema = list_schema(PaymentSchema)


class PartSchema(Schema):
    """What of a payment an invoice gets."""

    invoice_id = fields.UUID(required=True, error_messages=id_messages("an invoice"))
    amount = MoneyField(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_options: Any) -> PaymentPart:
        """Return the part as the service takes it."""
        return PaymentPart(**data)


class NewPaymentSchema(PaymentSchema):
    """A payment of a patient for several invoices, or a deposit."""

    patient_id = fields.UUID(required=True, error_messages=id_messages("a patient"))
    allocations = fields.List(
        Part(PartSchema, "a part of the payment"),
        load_only=True,
        error_messages=dict.fromkeys(("invalid", "null"), NOT_A_LIST),
        metadata={"description": "the open invoices of the patient unless given, the oldest first; [] for a deposit"},
    )


class PaymentsQuery(ListQuery):
    """Filters of the list of payments."""

    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    with_credit = Choice("true", metadata={"description": "only those that are not wholly used"})


class UseCreditSchema(Schema):
    """What credit an invoice is paid with: as much as there is and is due unless given, the oldest first."""

    amount = MoneyField(load_default=None, allow_none=True)
    payment_id = OptionalId("a payment", load_default=None, metadata={"description": "whose credit is used"})


class PaymentForm(PaymentSchema):
    """The form of a payment."""

    amount = TypedMoney(required=True)
    tendered = TypedMoney(load_default=None)
    keep_credit = Tick(load_only=True)

    @pre_load
    def drop_empty(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Leave out what was not typed; cash is given only where it is paid in cash."""
        unused = {"tendered"} if not typed.get("tendered", "").strip() or typed.get("method") != "cash" else set()
        return {name: value for name, value in typed.items() if name not in unused}


class TypedPart(PartSchema):
    """A row of the form of a payment for several invoices."""

    amount = TypedMoney(required=True)


class SeveralInvoicesForm(PaymentForm):
    """The form of a payment for several invoices, with a field like `pay-<id>` for each."""

    allocations = fields.List(fields.Nested(TypedPart), load_only=True)

    @pre_load
    def gather(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Group the amounts of invoices; empty ones are left out."""
        plain = {name: value for name, value in typed.items() if not name.startswith(PAY) and name != "act"}
        return plain | {"allocations": typed_parts(typed)}


class UseCreditForm(Schema):
    """The form with which credit is used."""

    credit = TypedMoney(required=True)


def typed_parts(typed: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the invoices of a sent form for which an amount was typed that is not zero."""
    filled = {name: value for name, value in typed.items() if name.startswith(PAY) and value.strip(" 0.,")}
    return [{"invoice_id": name.removeprefix(PAY), "amount": value} for name, value in filled.items()]
