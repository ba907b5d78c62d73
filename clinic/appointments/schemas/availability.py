"""Schemas of free times, for JSON and commands."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from clinic.appointments.free_times.slot_types import Reason
from clinic.appointments.rules import range_problem
from clinic.appointments.schemas.resources import RecordId
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from clinic.web.fields import Choice, Count, Day, Line, Timestamp

DEFAULT_DAYS = 7
_MOST_PRACTITIONERS = 100
_REASONS = [reason.value for reason in Reason]


class AvailabilityQuery(Schema):
    """What free times are searched for: days, both included, service, length, practitioners, room and patient."""

    first_day = Day(data_key="from", metadata={"description": "the first day, by default today"})
    last_day = Day(data_key="to", metadata={"description": "the last day, by default six days later; at most 31 days"})
    service_id = RecordId("a service")
    length = Count(least=5, most=24 * 60, metadata={"description": "minutes, by default the service's first length"})
    practitioner_ids = Line(
        data_key="practitioner_id",
        max_length=37 * _MOST_PRACTITIONERS,
        metadata={
            "description": "comma-separated ids, by default all who offer the service",
            "pattern": "^([0-9A-Fa-f-]{32,36}(,[0-9A-Fa-f-]{32,36})*)?$",
        },
    )
    room_id = RecordId("a room")
    patient_id = RecordId("a patient", metadata={"description": "whose own appointments are excluded"})
    ignore = RecordId("an appointment", metadata={"description": "that is to be moved, and is not in the way"})
    explain = Choice("true", "false", metadata={"description": "also list every other start, with its reason"})

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Fill in the days, and split the practitioners at commas.

        :raises ValidationError: for more than 31 days, or a practitioner's id that is none
        """
        first = data.get("first_day") or today(clinic_service.current().zone)
        last = data.get("last_day") or first + timedelta(days=DEFAULT_DAYS - 1)
        if problem := range_problem(first, last):
            raise ValidationError(problem, "to")
        days = {"first_day": first, "last_day": last}
        practitioners = _ids(data.get("practitioner_ids"))
        return data | days | {"practitioner_ids": practitioners, "explain": data.get("explain") == "true"}


class SlotSchema(Schema):
    """A free start."""

    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    practitioner_id = fields.UUID(required=True)
    room_id = fields.UUID(required=True, allow_none=True)


class RefusedSchema(Schema):
    """A start that is not free, the reason, and the appointment in the way if it is one."""

    starts_at = Timestamp(required=True)
    practitioner_id = fields.UUID(required=True)
    reason = fields.String(required=True, metadata={"enum": _REASONS})
    appointment_id = fields.UUID(required=True, allow_none=True)


class FreeDaySchema(Schema):
    """The free starts of a day of the clinic's calendar."""

    day = fields.Date(required=True)
    slots = fields.List(fields.Nested(SlotSchema), required=True)


class FreeTimesSchema(Schema):
    """Free starts by day; days without any are left out, and `refused` is empty unless `explain` is true."""

    time_zone = fields.String(required=True)
    data = fields.List(fields.Nested(FreeDaySchema), required=True)
    refused = fields.List(fields.Nested(RefusedSchema), required=True)


def _ids(text: str | None) -> list[Any] | None:
    field = fields.List(fields.UUID())
    try:
        return field.deserialize(text.split(",")) if text else None
    except ValidationError as error:
        raise ValidationError("Choose practitioners by their ids, separated by commas", "practitioner_id") from error
