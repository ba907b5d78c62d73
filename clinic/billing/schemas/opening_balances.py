"""Schemas of opening balances, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_load

from clinic.billing.opening_balances import SIDES
from clinic.billing.rules import LONGEST_REFERENCE
from clinic.billing.schemas.typed import TypedMoney
from clinic.web.fields import Choice, Day, Line, MoneyField, Timestamp
from clinic.web.json_api import list_schema


class OpeningBalanceSchema(Schema):
    """What a patient owed, or had as credit, before the clinic worked with the program."""

    id = fields.UUID(dump_only=True, metadata={"description": "also that of its invoice, or of its payment if credit"})
    patient_id = fields.UUID(dump_only=True)
    side = Choice(*SIDES, required=True, what="whether it was owed or is credit")
    number = fields.String(dump_only=True, allow_none=True, metadata={"description": "null if it is credit"})
    amount = MoneyField(required=True)
    as_of = Day(load_default=None, metadata={"description": "the day of the figure, today unless given"})
    reference = Line(
        max_length=LONGEST_REFERENCE, load_default=None, metadata={"description": "where the figure is from"}
    )
    left = MoneyField(dump_only=True, metadata={"description": "what is still due of it, or left as credit"})
    reversed_at = Timestamp(dump_only=True, allow_none=True)
    reversal_reason = fields.String(dump_only=True, allow_none=True)


OpeningBalanceListSchema = list_schema(OpeningBalanceSchema)


class OpeningBalanceForm(OpeningBalanceSchema):
    """The form of an opening balance."""

    amount = TypedMoney(required=True)

    @pre_load
    def drop_empty(self, typed: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Leave out an empty day: it is today."""
        return {name: value for name, value in typed.items() if value or name != "as_of"}
