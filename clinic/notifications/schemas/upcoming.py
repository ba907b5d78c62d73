"""Schemas of what goes out next."""

from marshmallow import Schema, fields

from clinic.web.fields import Day


class DayCountSchema(Schema):
    """How many messages go out on a day, by channel."""

    day = Day(dump_only=True)
    channels = fields.Dict(keys=fields.String(), values=fields.Integer(), dump_only=True)
    total = fields.Integer(dump_only=True)


class VisitDaySchema(Schema):
    """The visits of a day: of how many the patient is reminded, and why of others not."""

    day = Day(dump_only=True)
    visits = fields.Integer(dump_only=True)
    reminded = fields.Dict(keys=fields.String(), values=fields.Integer(), dump_only=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), dump_only=True)


class PlanSchema(Schema):
    """What goes out next: counts for a week, and the visits of which patients are reminded on a day."""

    day = Day(dump_only=True)
    reminders = fields.Integer(dump_only=True)
    days = fields.List(fields.Nested(DayCountSchema), dump_only=True)
    visit_days = fields.List(fields.Nested(VisitDaySchema), dump_only=True)


class NextQuery(Schema):
    """The day whose reminders are shown, tomorrow by default."""

    day = Day()
