"""A clinic as JSON sees it, and which entries of the audit trail are wanted."""

from marshmallow import Schema, fields

from clinic.web.fields import Day, Identifier, Line, Moment
from clinic.web.json_api import ListQuery


class ClinicSchema(Schema):
    """A clinic with the zone of its clocks and the currency of its prices."""

    id = fields.UUID(dump_only=True)
    name = fields.String(dump_only=True)
    time_zone = fields.String(dump_only=True, attribute="zone")
    currency = fields.String(dump_only=True)
    locale = fields.String(dump_only=True)
    version = fields.Integer(dump_only=True)
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)


class AuditQuery(ListQuery):
    """Which entries of the audit trail are wanted."""

    actor = Line(metadata={"description": "who acted, like `cli:maria@desk`"})
    action = Line(metadata={"description": "what was done, like `changed` or `viewed`"})
    record = Line(metadata={"description": "to which kind of record, like `patients`"})
    patient_id = Identifier(what="a patient")
    since = Moment(metadata={"description": "then or later"})
    before = Moment(metadata={"description": "earlier than that"})


class AuditPageQuery(Schema):
    """Which entries of the audit trail a person wants to see, and why, if they are a patient's."""

    actor = Line()
    action = Line()
    record = Line()
    patient_id = Identifier(what="a patient")
    reason = Line()
    since = Day()
    until = Day()
    cursor = Line(max_length=1000)
