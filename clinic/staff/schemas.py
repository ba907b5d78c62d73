"""A clinic as JSON sees it."""

from marshmallow import Schema, fields

from clinic.web.fields import Moment


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
