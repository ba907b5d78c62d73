"""Schemas of lists of invoices: filters, and what the invoices of a filter come to."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from clinic.billing.rules import METHODS, STATUSES
from clinic.billing.schemas.ids import OptionalId
from clinic.billing.service import ORDERS
from clinic.billing.standings import AGES, STANDINGS
from clinic.web.fields import Choice, Day, Line, MoneyField
from clinic.web.json_api import ListQuery

DAYS_REVERSED = "This day is before the first one"


class InvoiceFilterSchema(Schema):
    """Filters of invoices, whatever their standing."""

    status = Choice(*STATUSES, what="a status", metadata={"description": "as it is stored"})
    patient_id = OptionalId("a patient")
    appointment_id = OptionalId("an appointment")
    practitioner_id = OptionalId("a practitioner", metadata={"description": "of one of the visits"})
    method = Choice(*METHODS, what="a method", metadata={"description": "of a payment that pays it"})
    issued_from = Day(metadata={"description": "the first day of issue"})
    issued_until = Day(metadata={"description": "the last day of issue"})
    q = Line(
        max_length=100,
        metadata={"description": "a part of the number, or with `patients:read` of the patient’s or the payer’s name"},
    )

    @validates_schema(skip_on_field_errors=False)
    def check_days(self, data: Mapping[str, Any], **_options: Any) -> None:
        """Reject a last day before the first one.

        :raises ValidationError: if it is
        """
        first, last = data.get("issued_from"), data.get("issued_until")
        if first and last and last < first:
            raise ValidationError(DAYS_REVERSED, "issued_until")


class StandingFilterSchema(InvoiceFilterSchema):
    """Filters of invoices, and the order of their list."""

    standing = Choice(
        *STANDINGS, what="a standing", metadata={"description": "overdue and part paid invoices are open too"}
    )
    age = Choice(*AGES, what="an age", metadata={"description": "the days that open invoices are overdue"})
    sort = Choice(*ORDERS, what="an order")


class InvoiceQuery(ListQuery, StandingFilterSchema):
    """Query parameters of the list of invoices."""


class AmountsSchema(Schema):
    """What invoices of one currency come to."""

    count = fields.Integer(dump_only=True, metadata={"minimum": 1})
    total = MoneyField(dump_only=True)
    credited = MoneyField(dump_only=True)
    written_off = MoneyField(dump_only=True)
    paid = MoneyField(dump_only=True)
    due = MoneyField(dump_only=True, metadata={"description": "of those that are issued"})


class TallySchema(Schema):
    """How many invoices there are, and what they come to; amounts of several currencies are not added."""

    count = fields.Integer(dump_only=True, metadata={"minimum": 0})
    sums = fields.List(fields.Nested(AmountsSchema), dump_only=True, metadata={"description": "by currency"})


class InvoiceSummarySchema(Schema):
    """What the invoices of a filter come to."""

    day = fields.Date(dump_only=True, metadata={"description": "the day on which they are or are not overdue"})
    standings = fields.Dict(
        keys=fields.String(), values=fields.Nested(TallySchema), dump_only=True, metadata={"description": "by standing"}
    )
    ages = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(TallySchema),
        dump_only=True,
        metadata={"description": "of those that are open, by the days that they are overdue"},
    )
    all = fields.Nested(TallySchema, dump_only=True)
