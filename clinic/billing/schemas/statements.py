"""Schemas of the statement of an account."""

from marshmallow import Schema, fields

from clinic.billing.statement_rules import KINDS
from clinic.web.fields import Day, MoneyField


class StatementQuery(Schema):
    """The period of a statement, both days included."""

    since = Day(
        data_key="from",
        metadata={"description": "the first day, by default that of the month two months before the last day"},
    )
    until = Day(
        data_key="to", metadata={"description": "the last day, by default today, or that of the last entry if later"}
    )


class StatementRowSchema(Schema):
    """What changed the account, and the balance after it; a correction of a charge or payment is below zero."""

    date = fields.Date(dump_only=True, attribute="entry.day")
    kind = fields.String(dump_only=True, attribute="entry.kind", metadata={"enum": list(KINDS)})
    record_id = fields.UUID(
        dump_only=True,
        attribute="entry.record_id",
        metadata={"description": "the invoice, the credit note or the payment that it is about"},
    )
    number = fields.String(dump_only=True, allow_none=True, attribute="entry.number")
    charged = MoneyField(dump_only=True)
    paid = MoneyField(dump_only=True)
    balance = MoneyField(dump_only=True)


class AgesSchema(Schema):
    """What is due of all open invoices, by how long it has been overdue."""

    not_due = MoneyField(dump_only=True)
    days_30 = MoneyField(dump_only=True, metadata={"description": "1 to 30 days overdue"})
    days_60 = MoneyField(dump_only=True, metadata={"description": "31 to 60 days overdue"})
    days_90 = MoneyField(dump_only=True, metadata={"description": "61 to 90 days overdue"})
    older = MoneyField(dump_only=True, metadata={"description": "more than 90 days overdue"})


class StatementSchema(Schema):
    """The account of a patient in a period, and how it stands today.

    A balance is what is due less the credit that is left of payments.
    """

    patient_id = fields.UUID(dump_only=True)
    since = fields.Date(dump_only=True, data_key="from", attribute="ledger.since")
    until = fields.Date(dump_only=True, data_key="to", attribute="ledger.until")
    opening = MoneyField(dump_only=True, attribute="ledger.opening")
    rows = fields.List(fields.Nested(StatementRowSchema), dump_only=True, attribute="ledger.rows")
    charged = MoneyField(dump_only=True, attribute="ledger.charged")
    paid = MoneyField(dump_only=True, attribute="ledger.paid")
    closing = MoneyField(dump_only=True, attribute="ledger.closing")
    made_on = fields.Date(dump_only=True)
    due = MoneyField(dump_only=True)
    credit = MoneyField(dump_only=True)
    to_pay = MoneyField(dump_only=True, metadata={"description": "what is due less the credit"})
    ages = fields.Nested(AgesSchema, dump_only=True)
