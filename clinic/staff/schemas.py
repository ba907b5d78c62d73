"""A clinic as JSON and forms see it."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields

from clinic.staff.rules import currency_problem, locale_problem, zone_problem
from clinic.web.fields import Line, Moment


def _passes(problem_of: Callable[[str], str | None]) -> Callable[[Any], None]:
    def check(value: str) -> None:
        if problem := problem_of(value):
            raise ValidationError(problem)

    return check


class ClinicSchema(Schema):
    """A clinic with the zone of its clocks and the currency of its prices."""

    id = fields.UUID(dump_only=True)
    name = Line(required=True, what="the clinic's name")
    time_zone = Line(required=True, attribute="zone", what="the time zone", validate=_passes(zone_problem))
    currency = Line(required=True, what="the currency", validate=_passes(currency_problem))
    locale = Line(load_default="en_GB", validate=_passes(locale_problem))
    version = fields.Integer(dump_only=True)
    created_at = Moment(dump_only=True)
    updated_at = Moment(dump_only=True)
