"""The schema of a patient's death, for JSON, forms and commands."""

from marshmallow import Schema

from clinic.web.fields import Day


class DeathSchema(Schema):
    """The day on which a patient died."""

    deceased_on = Day(required=True, what="the day")
