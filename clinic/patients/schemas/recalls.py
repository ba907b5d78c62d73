"""The schemas of recalls, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.patients.recall_rules import MOST_MONTHS, RECALL_STATES, WORKLIST, after_months
from clinic.web.fields import Choice, Count, Day, Line, Timestamp, id_messages
from clinic.web.json_api import ListQuery

NO_DAY = "Enter when: in how many months, or a day"
TWO_DAYS = "Enter either the months or the day"
_DAYS = ("due_on", "in_months")


class RecallSchema(Schema):
    """When a patient is to be seen again, and what for; practitioner and service are names."""

    id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    due_on = Day(metadata={"description": "the day; or give `in_months`"})
    in_months = Count(
        least=1,
        most=MOST_MONTHS,
        load_only=True,
        allow_none=True,
        what="a number of months",
        metadata={"description": "in so many months from today, instead of `due_on`"},
    )
    reason = Line(required=True, what="what for")
    practitioner = Line()
    service = Line()
    state = fields.String(dump_only=True, metadata={"enum": list(RECALL_STATES)})
    author = fields.String(dump_only=True, metadata={"description": "the name, at that time, of who recorded it"})
    recorded_by = fields.String(dump_only=True)
    closed_at = Timestamp(dump_only=True, allow_none=True)
    closed_by = fields.String(dump_only=True, allow_none=True)
    appointment_id = fields.UUID(
        dump_only=True, allow_none=True, metadata={"description": "the appointment whose booking closed it"}
    )
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_day(self, _data: dict[str, Any], sent: Any, **options: Any) -> None:
        """Require either a number of months or a day."""
        given = [sent.get(name) not in (None, "") for name in _DAYS] if isinstance(sent, Mapping) else []
        if all(given) and given:
            raise ValidationError(TWO_DAYS, "due_on")
        if not any(given) and not options.get("partial"):
            raise ValidationError(NO_DAY, "due_on")

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert the months to a day."""
        months = data.pop("in_months", None)
        if months is not None:
            data["due_on"] = after_months(today(clinic_service.current().zone), months)
        elif data.get("due_on") is None:
            data.pop("due_on", None)
        return data


class RecallQuery(ListQuery):
    """Filters of the list of recalls."""

    show = Choice(
        *WORKLIST,
        what="a part of the worklist",
        metadata={"description": "open ones by their day, due within 30 days or later, or those that were closed"},
    )
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
