"""Schemas of practitioners, for JSON, forms and commands."""

from marshmallow import Schema, fields

from clinic.web.fields import Line, Timestamp


class PractitionerSchema(Schema):
    """A practitioner."""

    id = fields.UUID(dump_only=True)
    name = Line(required=True, what="the name")
    speciality = Line()
    active = fields.Boolean(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)
