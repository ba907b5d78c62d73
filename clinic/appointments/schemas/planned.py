"""Schemas of exceptions and closures, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validates_schema

from clinic.appointments.rules import EXCEPTION_KINDS, MOST_DAYS, planned_problems
from clinic.appointments.schemas.hours import OutsideChoices, WallMinute, without_buttons
from clinic.appointments.schemas.resources import RecordId
from clinic.web.fields import Choice, Day, Line, Timestamp, id_messages
from clinic.web.json_api import ListQuery


class PlannedSchema(Schema):
    """Days, and a time on each of them; the whole day without times. The last day is the first one unless given."""

    id = fields.UUID(dump_only=True)
    first_day = Day(required=True, what="the first day")
    last_day = Day(metadata={"description": f"At most {MOST_DAYS} days in all"})
    starts = WallMinute(load_default=None, allow_none=True)
    ends = WallMinute(load_default=None, allow_none=True, is_end=True)
    room_id = RecordId("a room", load_default=None)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False)
    def check(self, data: Mapping[str, Any], partial: Any = None, **_options: Any) -> None:
        """Check days and times together; those of a partial record are checked with what is stored.

        :raises ValidationError: with every problem
        """
        if partial:
            return
        first_day, kind = data.get("first_day"), data.get("kind", "closure")
        both = [data.get(name, -1) for name in ("starts", "ends")]
        starts, ends = both if -1 not in both else (None, None)
        problems = planned_problems(first_day, data.get("last_day") or first_day, starts, ends, kind=kind)
        if -1 in both:
            problems.pop("starts", None)
        if problems:
            raise ValidationError({name: [text] for name, text in problems.items()})

    @post_load
    def complete(self, data: dict[str, Any], partial: Any = None, **_options: Any) -> dict[str, Any]:
        """Let a single day be its own last one."""
        if not data.get("last_day") and "first_day" in data and not partial:
            data["last_day"] = data["first_day"]
        return data


class HoursExceptionSchema(PlannedSchema):
    """Leave, extra hours, or other hours instead of the weekly ones, of a practitioner."""

    practitioner_id = fields.UUID(required=True, error_messages=id_messages("a practitioner"))
    kind = Choice(*EXCEPTION_KINDS, required=True, what="leave, hours or extra")
    note = Line(load_default=None)


class NewException(HoursExceptionSchema):
    """An exception that is added, and what becomes of the appointments that fall outside."""

    appointments = OutsideChoices()


class ExceptionChange(NewException):
    """The fields of an exception that can be changed, and what becomes of the appointments that fall outside."""

    practitioner_id = fields.UUID(dump_only=True)


class ClosureSchema(PlannedSchema):
    """Days when the clinic is closed, or one room."""

    name = Line(required=True, what="a name or a reason")
    holiday = fields.Boolean(dump_only=True)


class ClosureChange(ClosureSchema):
    """A closure that is added or changed, and what becomes of the appointments that fall outside."""

    appointments = OutsideChoices()


class PlannedQuery(ListQuery):
    """Filters of a list of exceptions or closures."""

    first_day = Day(data_key="from", metadata={"description": "on this day or later"})
    last_day = Day(data_key="until", metadata={"description": "on this day or earlier"})


class HoursExceptionQuery(PlannedQuery):
    """Filters of the list of exceptions."""

    practitioner_id = fields.UUID(error_messages=id_messages("a practitioner"))


class HoursExceptionForm(HoursExceptionSchema):
    """The form of an exception, whose practitioner is that of the page."""

    @pre_load
    def drop_buttons(self, typed: Mapping[str, str], **_options: Any) -> dict[str, str]:
        """Leave out what belongs to the page."""
        return without_buttons(typed)


class ClosureForm(ClosureSchema):
    """The form of a closure."""

    @pre_load
    def drop_buttons(self, typed: Mapping[str, str], **_options: Any) -> dict[str, str]:
        """Leave out what belongs to the page."""
        return without_buttons(typed)


class NewExceptionQuery(Schema):
    """The day for which an exception is added."""

    day = Day()
