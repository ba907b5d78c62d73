"""Filters of the audit trail."""

from marshmallow import Schema

from clinic.web.fields import Day, Identifier, Line, Moment
from clinic.web.json_api import ListQuery


class AuditQuery(ListQuery):
    """Filters of the commands."""

    actor = Line(metadata={"description": "the actor, like `cli:maria@desk`"})
    action = Line(metadata={"description": "the action, like `changed` or `viewed`"})
    record = Line(metadata={"description": "the type of record, like `patients`"})
    patient_id = Identifier(what="a patient")
    since = Moment(metadata={"description": "at this time or later"})
    before = Moment(metadata={"description": "before this time"})


class AuditPageQuery(Schema):
    """Filters of the pages, with the reason that a patient's entries require."""

    actor = Line()
    action = Line()
    record = Line()
    patient_id = Identifier(what="a patient")
    reason = Line()
    since = Day()
    until = Day()
    cursor = Line(max_length=1000)
