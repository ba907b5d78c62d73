"""Schemas of services, for JSON, forms and commands."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, pre_load

from clinic.appointments.rules import COLOURS
from clinic.appointments.schemas.resources import RecordIds, ResourceSchema, UpcomingSchema
from clinic.web.fields import Choice, Count, Line

SHORTEST, LONGEST, STEP = 5, 480, 5
MOST_LENGTHS = 6
MOST_BUFFER = 240
NO_LENGTH = f"Length must be {SHORTEST} to {LONGEST} minutes, in steps of {STEP}"
TOO_MANY_LENGTHS = f"Enter at most {MOST_LENGTHS} lengths"
NO_PRACTITIONER = "Tick who offers it, or choose everyone"
NO_ROOM = "Tick a room, or choose any room or none"

NOTICE_UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
"""The units of the notice in minutes."""

HORIZON_UNITS = {"days": 1, "weeks": 7, "months": 30}
"""The units of the horizon in days."""

MOST_NOTICE, MOST_HORIZON = 365 * 24 * 60, 5 * 365
RULES = {"who": "practitioner_ids", "where": "room_ids"}
"""The radio buttons of the form, each with the field whose ticks count only if it is `these`."""

ONLY_THESE = "these"
_SPAN = re.compile(r"([0-9]{1,6}) ([a-z]{1,10})", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,4}", re.ASCII)


class Lengths(fields.List[int]):
    """Lengths of an appointment in minutes, the first is the default."""

    def __init__(self, **options: Any) -> None:
        limits = {"minimum": SHORTEST, "maximum": LONGEST, "multipleOf": STEP}
        super().__init__(
            fields.Integer(metadata=limits),
            error_messages={"required": NO_LENGTH, "null": NO_LENGTH},
            metadata={"minItems": 1, "maxItems": MOST_LENGTHS},
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[int | None]:
        lengths = [_length(one) for one in value] if isinstance(value, list) else []
        if not lengths:
            raise ValidationError(NO_LENGTH)
        if len(lengths) > MOST_LENGTHS:
            raise ValidationError(TOO_MANY_LENGTHS)
        return list(dict.fromkeys(lengths))


class Span(Line):
    """A length of time as a number and its unit, like `2 hours`, loaded as a number of the first, smallest unit."""

    def __init__(self, units: Mapping[str, int], *, least: int, most: int, what: str, **options: Any) -> None:
        super().__init__(what=what, **options)
        self.units, self.least, self.most = units, least, most
        largest = max(units, key=lambda unit: units[unit])
        self.message = f"Enter {what} as a whole number, from {least} {next(iter(units))} to "
        self.message += f"{most // units[largest]} {largest}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        match = _SPAN.fullmatch(text or "")
        amount = int(match[1]) * self.units.get(match[2], -1) if match else -1
        if text and not self.least <= amount <= self.most:
            raise ValidationError(self.message)
        return amount if text else None


class ServiceSchema(ResourceSchema):
    """A service: what patients come for; lengths, buffers and notice are minutes."""

    short_name = Line(max_length=40)
    lengths = Lengths(required=True)
    buffer_before = Count(least=0, most=MOST_BUFFER, load_default=0, what="the minutes before")
    buffer_after = Count(least=0, most=MOST_BUFFER, load_default=0, what="the minutes after")
    notice_minutes = Count(least=0, most=MOST_NOTICE, load_default=0, what="the shortest notice in minutes")
    horizon_days = Count(
        least=1,
        most=MOST_HORIZON,
        load_default=None,
        allow_none=True,
        what="the number of days ahead",
        metadata={"description": "How many days ahead it can be booked; null is no limit"},
    )
    colour = Choice(*COLOURS, what="a colour", load_default=COLOURS[0], allow_none=False)
    practitioner_ids = RecordIds(
        message="Choose practitioners of this clinic",
        load_default=list,
        metadata={"description": "Who offers it; everyone if the list is empty"},
    )
    room_ids = RecordIds(
        message="Choose rooms of this clinic",
        load_default=list,
        metadata={"description": "It takes one of these rooms; any room or none if the list is empty"},
    )


class RetiredServiceSchema(ServiceSchema):
    """A service that was deactivated, and what is still booked."""

    upcoming = fields.Nested(UpcomingSchema, dump_only=True)


class ServiceForm(ServiceSchema):
    """The form of a service: notice and horizon have a unit, and two radio buttons say whether the ticks count."""

    class Meta:
        """The fields that the form has in another shape."""

        exclude = ("notice_minutes", "horizon_days")

    notice = Span(NOTICE_UNITS, least=0, most=MOST_NOTICE, what="the notice", attribute="notice_minutes")
    horizon = Span(HORIZON_UNITS, least=1, most=MOST_HORIZON, what="the time ahead", attribute="horizon_days")
    practitioner_ids = RecordIds(message=NO_PRACTITIONER)
    room_ids = RecordIds(message=NO_ROOM)

    @pre_load
    def join(self, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        """Join numbers with their units; no notice is none, and ticks count only with the radio button above them."""
        joined = dict(data)
        for name in ("notice", "horizon"):
            joined[name] = f"{joined.get(name, '').strip()} {joined.pop(f'{name}_unit', '')}".strip()
            joined[name] = "" if joined[name] in self._units(name) else joined[name]
        joined["notice"] = joined["notice"] or "0 minutes"
        for rule, name in RULES.items():
            ticked = joined.get(name) or []
            only_these = joined.pop(rule, ONLY_THESE if ticked else "") == ONLY_THESE
            joined[name] = (ticked or None) if only_these else []
        return joined

    def _units(self, name: str) -> Mapping[str, int]:
        return NOTICE_UNITS if name == "notice" else HORIZON_UNITS


def _length(value: Any) -> int:
    """Return a length in minutes.

    :raises ValidationError: if it is none
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _LENGTH.fullmatch(text):
        raise ValidationError(NO_LENGTH)
    minutes = int(text)
    if not SHORTEST <= minutes <= LONGEST or minutes % STEP:
        raise ValidationError(NO_LENGTH)
    return minutes
