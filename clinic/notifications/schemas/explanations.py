"""Schemas of why a message is sent or not."""

from marshmallow import Schema, fields

from clinic.notifications.channels import worker_channels
from clinic.notifications.kinds import KINDS
from clinic.web.fields import Choice, id_messages

OUTCOMES = ("passed", "stopped", "waits", "not asked")


class ExplanationQuery(Schema):
    """Which message is explained: its kind and what it is about, whether or not there is one."""

    kind = Choice(*KINDS, what="a kind of message", required=True)
    about_id = fields.UUID(
        required=True,
        error_messages=id_messages("what it is about"),
        metadata={"description": "the appointment, invoice, recall or patient of the message"},
    )
    channel = Choice(*worker_channels(), what="a channel", load_default="email")


class RepairSchema(Schema):
    """Where the answer of a check can be changed."""

    label = fields.String(dump_only=True)
    record_id = fields.UUID(dump_only=True)


class CheckSchema(Schema):
    """One check of a message and how it went; after the first stop the others are not asked."""

    name = fields.String(dump_only=True)
    label = fields.String(dump_only=True)
    outcome = fields.String(dump_only=True, metadata={"enum": list(OUTCOMES)})
    reason = fields.String(dump_only=True, allow_none=True)
    repair = fields.Nested(RepairSchema, dump_only=True, allow_none=True)


class ExplanationSchema(Schema):
    """The checks of a message in the order in which they are asked, as before each attempt."""

    kind = fields.String(dump_only=True)
    channel = fields.String(dump_only=True)
    results = fields.List(fields.Nested(CheckSchema), dump_only=True, data_key="checks")
