"""Filters of the audit trail."""

from marshmallow import Schema, fields

from clinic.web.fields import Day, Line, Timestamp, id_messages
from clinic.web.json_api import ListQuery


class AuditQuery(ListQuery):
    """Filters of the commands."""

    actor = Line(metadata={"description": "the actor, like `cli:maria@desk`"})
    action = Line(metadata={"description": "the action, like `changed` or `viewed`"})
    record = Line(metadata={"description": "the type of record, like `patients`"})
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    since = Timestamp(metadata={"description": "at this time or later"})
    before = Timestamp(metadata={"description": "before this time"})


class AuditPageQuery(Schema):
    """Filters of the pages, with the reason that a patient's entries require."""

    actor = Line()
    action = Line()
    record = Line()
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    reason = Line()
    since = Day()
    until = Day()
    cursor = Line(max_length=1000)
