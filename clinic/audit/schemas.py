"""Filters of the audit trail."""

from marshmallow import Schema

from clinic.web.fields import Day, Identifier, Line, Moment
from clinic.web.json_api import ListQuery


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
