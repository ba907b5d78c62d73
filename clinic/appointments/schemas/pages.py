"""Query parameters of the pages of practitioners, rooms and services."""

from marshmallow import Schema

from clinic.web.fields import Choice


class InactiveQuery(Schema):
    """Whether a list also has the inactive records."""

    inactive = Choice("1")
