"""Schemas of appointments, for JSON, forms and commands."""

import re
from datetime import datetime, time, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from clinic.appointments.rules import BOOKED, CANCEL_REASONS, NEW_STATES, STATES, day_problem
from clinic.appointments.schemas.resources import RecordId
from clinic.core.clock import at_wall_time, is_ambiguous, today
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import NOT_A_DAY, Choice, Count, Day, Line, Paragraph, Timestamp, id_messages
from clinic.web.json_api import ListQuery

NOTES = "appointments:notes"
MAX_NOTE = 1000
NOT_A_TIME = "Enter a time like 09:30"
WHICH_ONE = "The clocks show this time twice on that day: choose the first or the second"
_ANY_STATE = "|".join(STATES)
_TIME = re.compile(r"([0-9]{1,2})(?:[:.h]?([0-9]{2}))?", re.ASCII)


class AppointmentSchema(FieldPermissionSchema):
    """An appointment of a patient with a practitioner."""

    id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(required=True, error_messages=id_messages("a patient"))
    practitioner_id = fields.UUID(required=True, error_messages=id_messages("a practitioner"))
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    service_id = RecordId("a service")
    room_id = RecordId("a room", metadata={"description": "one of the service's rooms unless given"})
    reason = requires_permission(NOTES, Line(metadata={"description": "reason of the visit"}))
    note = requires_permission(NOTES, Paragraph(max_length=MAX_NOTE))
    overbook_reason = requires_permission(
        NOTES,
        Line(
            metadata={
                "description": "why it is booked outside working hours, in the past or over another appointment, which "
                "needs the permission appointments:overbook; null if that was not necessary"
            }
        ),
    )
    place = fields.Integer(dump_only=True, allow_none=True, metadata={"description": "its place in the room, from 0"})
    lane = fields.Integer(dump_only=True, metadata={"description": "0, or more if it is booked over another one"})
    late = fields.Boolean(dump_only=True, metadata={"description": "cancelled later than the clinic's notice"})
    confirmed_at = Timestamp(
        dump_only=True, allow_none=True, metadata={"description": "when the patient said that they come"}
    )
    status = fields.String(dump_only=True, metadata={"enum": list(STATES)})
    cancel_reason = fields.String(dump_only=True, allow_none=True)
    cancel_note = requires_permission(NOTES, fields.String(dump_only=True, allow_none=True))
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)


class NewAppointmentSchema(AppointmentSchema):
    """A new appointment: booked, of a patient who has arrived, or of a visit that is over."""

    status = Choice(*NEW_STATES, what="a status", load_default=BOOKED, allow_none=False)


class NotesSchema(FieldPermissionSchema):
    """The reason of the visit, and a note."""

    reason = requires_permission(NOTES, Line())
    note = requires_permission(NOTES, Paragraph(max_length=MAX_NOTE))


class MoveSchema(FieldPermissionSchema):
    """The new time of an appointment; what is left out stays: its length, practitioner, room and service."""

    starts_at = Timestamp(required=True)
    ends_at = Timestamp(allow_none=True)
    practitioner_id = RecordId("a practitioner")
    room_id = RecordId("a room")
    service_id = RecordId("a service")
    overbook_reason = requires_permission(NOTES, Line())


class HappenedSchema(Schema):
    """When something happened: between the previous change of the appointment and now, which is the default."""

    happened_at = Timestamp(allow_none=True)


class CancellationSchema(FieldPermissionSchema):
    """The reason of a cancellation and a note."""

    reason = Choice(*CANCEL_REASONS, what="a reason", load_default="other", allow_none=False)
    note = requires_permission(NOTES, Line(load_default=None))
    happened_at = Timestamp(allow_none=True, metadata={"description": "when the clinic learned of it; now by default"})


class AppointmentQuery(ListQuery):
    """Filters of the list of appointments."""

    since = Timestamp(data_key="starts_at.gte", metadata={"description": "starting then or later"})
    before = Timestamp(data_key="starts_at.lt", metadata={"description": "starting earlier"})
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    practitioner_id = fields.UUID(error_messages=id_messages("a practitioner"))
    room_id = fields.UUID(error_messages=id_messages("a room"))
    service_id = fields.UUID(error_messages=id_messages("a service"))
    status = Line(
        metadata={
            "description": f"comma-separated states: {', '.join(STATES)}",
            "pattern": f"^({_ANY_STATE})?(,({_ANY_STATE})?)*$",
        }
    )

    @post_load
    def split(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Split the states at commas."""
        data["status"] = [state for state in (data.get("status") or "").split(",") if state]
        if unknown := set(data["status"]) - set(STATES):
            raise ValidationError(f"There is no state {min(unknown)[:40]}", "status")
        return data


class WallTime(Line):
    """A time of day in the clinic's time zone: `9`, `9:30`, `0930`, `9.30`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        match = _TIME.fullmatch(super()._deserialize(value, attr, data, **kwargs) or "")
        try:
            return time(int(match[1]), int(match[2] or 0)) if match else _no_time()
        except ValueError as error:
            raise ValidationError(NOT_A_TIME) from error


class DayQuery(Schema):
    """The day of the schedule."""

    day = Day(metadata={"description": "the day, `YYYY-MM-DD`"})


class StartSchema(FieldPermissionSchema):
    """The day and time of a start in the clinic's time zone, with the choice between two equal times."""

    day = Day(required=True, what="the day")
    time = WallTime(required=True, what="the time")
    fold = Choice("0", "1", what="the first or the second", load_default=None)

    @post_load
    def convert(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Convert day and time to `starts_at`.

        :raises ValidationError: for a day too early or too late, for a time that the clocks skip, and for one that they
            show twice without `fold`
        """
        zone = clinic_service.current().zone
        day, time_of_day, fold = (data.pop(name) for name in ("day", "time", "fold"))
        wall = datetime.combine(day, time_of_day)
        if problem := day_problem(day, today(zone)):
            raise ValidationError(problem, "day")
        if fold is None and is_ambiguous(wall, zone):
            raise ValidationError(WHICH_ONE, "fold")
        try:
            return data | {"starts_at": at_wall_time(wall, zone, fold=int(fold or 0))}
        except (InvalidInput, OverflowError) as error:
            raise ValidationError(error.message if isinstance(error, InvalidInput) else NOT_A_DAY, "time") from error


class MoveForm(StartSchema):
    """The form of a move: day and time in the clinic's time zone; what is left out stays."""

    minutes = Count(least=5, most=24 * 60)
    practitioner_id = RecordId("a practitioner")
    room_id = RecordId("a room")
    service_id = RecordId("a service")
    overbook_reason = requires_permission(NOTES, Line())


class BookingSchema(StartSchema):
    """The form of a booking: patient number, practitioner, day and time in the clinic's time zone, length and more."""

    patient = Line(required=True, what="the patient's number")
    practitioner_id = fields.UUID(required=True, error_messages=id_messages("a practitioner"))
    minutes = Count(least=5, most=24 * 60, load_default=30)
    service_id = RecordId("a service")
    room_id = RecordId("a room")
    reason = requires_permission(NOTES, Line())
    note = requires_permission(NOTES, Paragraph(max_length=MAX_NOTE))
    overbook_reason = requires_permission(NOTES, Line())

    @post_load
    def convert(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Convert day, time and length to `starts_at` and `ends_at`; see `StartSchema`."""
        loaded: dict[str, Any] = super().convert(data, **options)
        return loaded | {"ends_at": loaded["starts_at"] + timedelta(minutes=loaded.pop("minutes"))}


def _no_time() -> time:
    raise ValueError
