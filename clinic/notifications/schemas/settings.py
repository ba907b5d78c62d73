"""Schemas of the settings of messages, for JSON, the form and the command."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, pre_load

from clinic.notifications.settings_rules import (
    LAST_DAY,
    LONGEST_OFFSET,
    MOST_GRACE_SECONDS,
    MOST_OFFSETS,
    NOT_DAYS,
    NOT_READABLE,
    SHORTEST_OFFSET,
    clock_text,
    parse_clock,
    parse_days,
    parse_offsets,
    tidy_days,
    tidy_offsets,
)
from clinic.web.fields import Count, Switch, Tick, Timestamp, described

PREFIX = "service_reminders-"
"""Before the id of a service in the name of its field of the form."""

_LONGEST_TEXT = 100
_EXAMPLE = [2880, 180]
_ITEMS = {"type": "integer", "minimum": SHORTEST_OFFSET, "maximum": LONGEST_OFFSET}


class Offsets(fields.Field[list[int]]):
    """Minutes before a visit: a list in JSON, words such as `2 days, 3 hours` in forms and commands."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", dict.fromkeys(("required", "null"), NOT_READABLE))
        array = {"type": "array", "items": _ITEMS, "maxItems": MOST_OFFSETS, "example": _EXAMPLE}
        super().__init__(**described(options, **array))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[int]:
        return list(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[int]:
        return read_offsets(value)


def read_offsets(value: Any) -> list[int]:
    """Return the minutes of reminders, given as a list or in words.

    :raises ValidationError: if they can't be read, one is out of range, or there are too many
    """
    try:
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
            return list(parse_offsets(value))
        if isinstance(value, list) and all(type(one) is int for one in value):
            return list(tidy_offsets(value))
    except ValueError as error:
        raise ValidationError(str(error)) from error
    raise ValidationError(NOT_READABLE)


class PaymentDays(fields.Field[list[int]]):
    """Days after the due date of an invoice: a list in JSON, numbers such as `7, 21` in forms and commands."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", dict.fromkeys(("required", "null"), NOT_DAYS))
        items = {"type": "integer", "minimum": 1, "maximum": LAST_DAY}
        super().__init__(**described(options, type="array", items=items, maxItems=MOST_OFFSETS, example=[7, 21]))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[int]:
        return list(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[int]:
        try:
            if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
                return list(parse_days(value))
            if isinstance(value, list) and all(type(one) is int for one in value):
                return list(tidy_days(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        raise ValidationError(NOT_DAYS)


class ServiceOffsets(fields.Field[dict[UUID, list[int] | None]]):
    """The reminders of services that have their own, by the id of the service; null or an empty text ends that."""

    def __init__(self, **options: Any) -> None:
        array = {"type": ["array", "null"], "items": _ITEMS, "maxItems": MOST_OFFSETS}
        example = {"0197a5f2-0000-7000-8000-000000000001": _EXAMPLE}
        super().__init__(**described(options, type="object", additionalProperties=array, example=example))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, list[int]]:
        return {str(service_id): list(offsets) for service_id, offsets in value.items()}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[UUID, list[int] | None]:
        if not isinstance(value, Mapping):
            raise ValidationError("Enter the reminders of services by their ids")
        found, problems = {}, {}
        for name, given in value.items():
            try:
                found[_service_id(name)] = None if given in (None, "") else read_offsets(given)
            except ValidationError as error:
                problems[name] = error.messages
        if problems:
            raise ValidationError(problems)
        return found


class ClockMinute(fields.Field[int]):
    """A time of day, `21:00`, kept as minutes after midnight."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", dict.fromkeys(("required", "null"), "Enter a time like 21:00"))
        super().__init__(**described(options, type="string", example="21:00"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return clock_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            return parse_clock(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ValidationError(str(error)) from error


class SettingsSchema(Schema):
    """When a clinic reminds of visits (minutes before) and payments (days after the due day), and when it is quiet."""

    reminder_offsets = Offsets(dump_only=True)
    service_reminders = ServiceOffsets(dump_only=True)
    payment_reminder_days = PaymentDays(dump_only=True)
    quiet = fields.Boolean(dump_only=True)
    quiet_from = ClockMinute(dump_only=True)
    quiet_until = ClockMinute(dump_only=True)
    grace_seconds = fields.Integer(dump_only=True, allow_none=True)
    time_zone = fields.String(dump_only=True, attribute="zone")
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    updated_at = Timestamp(dump_only=True, allow_none=True)


class SettingsPatch(Schema):
    """The settings of messages that are changed; `grace_seconds` of null is the installation's own."""

    reminder_offsets = Offsets()
    service_reminders = ServiceOffsets()
    payment_reminder_days = PaymentDays()
    quiet = Switch()
    quiet_from = ClockMinute()
    quiet_until = ClockMinute()
    grace_seconds = Count(least=0, most=MOST_GRACE_SECONDS, what="seconds", allow_none=True)


class SettingsForm(SettingsPatch):
    """The form of the settings: what is not ticked is off, and each service has a field of its own."""

    quiet = Tick(load_default=False)

    @pre_load
    def gather_services(self, typed: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Gather the fields of services."""
        services = {name.removeprefix(PREFIX): value for name, value in typed.items() if name.startswith(PREFIX)}
        others = {name: value for name, value in typed.items() if not name.startswith(PREFIX)}
        return others | {"service_reminders": services}


def _service_id(name: Any) -> UUID:
    """Return the id of a service.

    :raises ValidationError: if it is none
    """
    try:
        return UUID(name)
    except (ValueError, AttributeError, TypeError) as error:
        raise ValidationError("There is no such service") from error
