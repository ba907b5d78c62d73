"""Schemas of weekly hours and opening hours, for JSON, forms and commands."""

import re
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validates_schema

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.hours.public_holidays import FIRST_YEAR, LAST_YEAR
from clinic.appointments.hours.weeks import clock_text, week_problems
from clinic.appointments.schemas.appointments import NOT_A_TIME, WallTime
from clinic.appointments.schemas.resources import RecordId
from clinic.appointments.service import CANCEL, KEEP
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Count, Day, Part, Timestamp, described, id_messages

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_RANGES = 70
MOST_SHOWN = 200
"""Appointments that a preview lists at most."""

MOST_PROPOSED = 20
"""Appointments of a preview at most that get proposals of other times."""

MOST_CHOICES = 1000

ROW_FIELDS = ("day", "starts", "ends", "room_id")
_ROW_FIELD = re.compile(rf"ranges-([0-9]{{1,3}})-({'|'.join(ROW_FIELDS)})", re.ASCII)
_PAGE_FIELDS = {"all", "check", "copy_from", "copy_to", "delete", "outside", "save", "seen"}
"""Fields of forms that belong to their page: buttons, and what was shown."""

CHOICE, OTHER_TIME = "choice-", "other-time-"
"""The prefixes of the fields that say what becomes of an appointment, and of its other time; its id follows."""

UNKNOWN = "Enter the id of an appointment"
TWO_CHOICES = "Choose once for each appointment"
NOT_A_CHOICE = "Choose keep, cancel or a new start like 2026-11-23T09:30:00Z"

_MIDNIGHT = {"24", "24:00", "24.00", "24h00", "2400"}


class WallMinute(WallTime):
    """A time of day as minutes since midnight: `9`, `9:30`, `0930`, `9.30`, as the end of a range also `24:00`.

    It is dumped as `09:30`.
    """

    def __init__(self, *, is_end: bool = False, **options: Any) -> None:
        super().__init__(what="a time like 09:30", **described(options, example="17:00" if is_end else "09:30"))
        self.is_end = is_end

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError(NOT_A_TIME)
        if self.allow_none and not value.strip():
            return None
        if self.is_end and value.strip() in _MIDNIGHT:
            return 24 * 60
        typed: time = super()._deserialize(value, attr, data, **kwargs)
        return typed.hour * 60 + typed.minute


class Weekday(Choice):
    """A day of the week, `mon` to `sun`, as a number: 0 is Monday."""

    def __init__(self, **options: Any) -> None:
        super().__init__(*DAYS, what="a day of the week", **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return DAYS[value]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return DAYS.index(super()._deserialize(value, attr, data, **kwargs))


class WeeklyRangeSchema(Schema):
    """A range of a weekday, with the room of the practitioner."""

    day = Weekday(required=True, attribute="weekday")
    starts = WallMinute(required=True)
    ends = WallMinute(required=True, is_end=True)
    room_id = RecordId("a room", load_default=None)


class WeekSchema(Schema):
    """A week of hours that holds from one day to another, both included; null is no limit."""

    valid_from = Day(load_default=None)
    valid_until = Day(load_default=None)
    ranges = fields.List(
        Part(WeeklyRangeSchema, "a range"),
        required=True,
        error_messages={"required": "Enter the ranges of the week", "invalid": "Enter a list of ranges"},
        metadata={"maxItems": MOST_RANGES},
    )

    @validates_schema(skip_on_field_errors=False)
    def check(self, data: Mapping[str, Any], **_options: Any) -> None:
        """Check the ranges that could be read, and the days.

        :raises ValidationError: with every problem
        """
        ranges = data.get("ranges") or []
        problems: dict[str, Any] = {}
        if len(ranges) > MOST_RANGES:
            raise ValidationError(f"Enter at most {MOST_RANGES} ranges", "ranges")
        if found := week_problems([_times(one) for one in ranges]):
            problems["ranges"] = {position: {"ends": [text]} for position, text in found.items()}
        valid_from, valid_until = data.get("valid_from"), data.get("valid_until")
        if valid_from and valid_until and valid_until < valid_from:
            problems["valid_until"] = ["The last day is before the first one"]
        if problems:
            raise ValidationError(problems)

    @post_load
    def build(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Turn the ranges into those of the service."""
        return data | {"ranges": [WeeklyRange(**one) for one in data["ranges"]]}


class WeekForm(WeekSchema):
    """The form of a week, with rows of fields like `ranges-0-starts`; empty rows are left out."""

    @pre_load
    def gather(self, typed: Mapping[str, str], **_options: Any) -> dict[str, Any]:
        """Group the fields by row."""
        others = {name: value or None for name, value in typed.items() if not _ROW_FIELD.fullmatch(name)}
        return {
            **without_buttons(others),
            "ranges": [row for row in typed_rows(typed) if row["starts"].strip() or row["ends"].strip()],
        }


def typed_rows(typed: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a sent form by day, those of a day in their order."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in typed.items():
        if (match := _ROW_FIELD.fullmatch(name)) and len(rows) <= MOST_RANGES:
            rows.setdefault(int(match[1]), dict.fromkeys(ROW_FIELDS, ""))[match[2]] = value
    of_days = [row for _, row in sorted(rows.items()) if row["day"] in DAYS]
    return sorted(of_days, key=lambda row: DAYS.index(row["day"]))


def typed_minutes(rows: Iterable[Mapping[str, str]]) -> int | None:
    """Return how many minutes typed rows last together, None if one of them is no range."""
    total = 0
    for row in rows:
        try:
            read = WeeklyRangeSchema().load({**row, "room_id": None})
        except ValidationError:
            return None
        if read["ends"] <= read["starts"]:
            return None
        total += read["ends"] - read["starts"]
    return total


class OutsideChoice(fields.String):
    """What becomes of an appointment: `keep`, `cancel`, or the start to which it is moved, as a timestamp."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value in (KEEP, CANCEL):
            return value
        try:
            return Timestamp().deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            raise ValidationError(NOT_A_CHOICE) from error


class OutsideChoices(fields.Dict):
    """What becomes of the appointments that fall outside changed hours, by their ids; the others stay as booked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            keys=fields.UUID(),
            values=OutsideChoice(),
            load_only=True,
            attribute="choices",
            error_messages={"invalid": "Enter an object with the ids of appointments", "null": NOT_A_CHOICE},
            **described(options, description="ids of appointments outside, each with keep, cancel or a new start"),
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping) and len(value) > MOST_CHOICES:
            raise ValidationError(f"Choose for at most {MOST_CHOICES} appointments")
        try:
            choices: dict[Any, Any] = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            problems = {key: UNKNOWN if "key" in found else NOT_A_CHOICE for key, found in error.messages.items()}
            raise ValidationError({key: [text] for key, text in problems.items()}) from error
        if len(choices) < len(value):
            raise ValidationError(TWO_CHOICES)
        return choices


class WeekChange(WeekSchema):
    """A week of hours that is to hold, and what becomes of the appointments that fall outside it."""

    appointments = OutsideChoices()


class HoursSchema(Schema):
    """The hours of a practitioner or of the clinic, as weeks in order; without any week, there are no hours."""

    practitioner_id = fields.UUID(dump_only=True, allow_none=True)
    time_zone = fields.String(dump_only=True, attribute="zone")
    weeks = fields.List(fields.Nested(WeekSchema), dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})


class OutsideSchema(Schema):
    """A booked appointment that falls outside changed hours, and why."""

    appointment_id = fields.UUID(dump_only=True, attribute="appointment.id")
    practitioner_id = fields.UUID(dump_only=True, attribute="appointment.practitioner_id")
    patient_id = fields.UUID(dump_only=True, attribute="appointment.patient_id")
    starts_at = Timestamp(dump_only=True, attribute="appointment.starts_at")
    ends_at = Timestamp(dump_only=True, attribute="appointment.ends_at")
    reason = fields.String(dump_only=True)
    proposals = fields.List(
        Timestamp(),
        dump_only=True,
        metadata={"description": f"free starts on different days, for the first {MOST_PROPOSED} appointments"},
    )


class PreviewSchema(FieldPermissionSchema):
    """The booked appointments that a change leaves outside the hours: how many, and the first 200."""

    count = fields.Integer(dump_only=True, metadata={"minimum": 0})
    appointments = requires_permission("appointments:read", fields.List(fields.Nested(OutsideSchema), dump_only=True))


class HoursQuery(Schema):
    """What the page of working hours shows: the week that holds on a day, and the exceptions of a month."""

    shown_day = Day(data_key="on", metadata={"description": "a day of the week to be shown"})
    month = Day(metadata={"description": "a day of the month to be shown"})


class PractitionerQuery(Schema):
    """Whose working hours are shown."""

    practitioner_id = fields.UUID(error_messages=id_messages("a practitioner"))


class HolidayImport(Schema):
    """A year of public holidays, and what becomes of the appointments that fall outside."""

    year = Count(least=FIRST_YEAR, most=LAST_YEAR, what="a year")
    appointments = OutsideChoices()


def without_buttons(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form without those that belong to its page."""
    return {
        name: value
        for name, value in typed.items()
        if name not in _PAGE_FIELDS and not name.startswith((CHOICE, OTHER_TIME))
    }


def _times(one: Any) -> tuple[int, int, int] | None:
    """Return weekday, start and end of a range, None if they could not all be read."""
    if isinstance(one, Mapping) and {"weekday", "starts", "ends"} <= one.keys():
        return one["weekday"], one["starts"], one["ends"]
    return None
