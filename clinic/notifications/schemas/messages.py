"""Schemas of messages."""

from collections.abc import Mapping
from typing import Any, cast

from marshmallow import Schema, fields

from clinic.core.clock import day_bounds
from clinic.identity.clinics import clinic_service
from clinic.notifications.channels import CHANNELS, desk_channels
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import WAITING, LogFilters
from clinic.notifications.models import OUTCOMES
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Day, Line, Timestamp, id_messages
from clinic.web.json_api import ListQuery

STATES = ("queued", "sending", "sent", "failed", "unknown", "suppressed")

RETRYABLE_STATES = ("failed", "unknown")

ARRIVED, AGAIN = "arrived", "again"


class NotificationSchema(Schema):
    """A message to a patient: its kind, its subject, its state and the reason of that state."""

    id = fields.UUID(dump_only=True)
    kind = fields.String(dump_only=True)
    channel = fields.String(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    about_id = fields.UUID(dump_only=True)
    state = fields.String(dump_only=True, metadata={"enum": list(STATES)})
    reason = fields.String(dump_only=True, allow_none=True)
    attempts = fields.Integer(dump_only=True, metadata={"minimum": 0})
    created_at = Timestamp(dump_only=True, metadata={"description": "when it was queued, the last time"})
    due_at = Timestamp(dump_only=True)
    sent_at = Timestamp(dump_only=True, allow_none=True)


class AttemptSchema(Schema):
    """An attempt to deliver a message: when it was made, its outcome, and what the server answered."""

    number = fields.Integer(dump_only=True, metadata={"minimum": 1})
    started_at = Timestamp(dump_only=True, allow_none=True)
    ended_at = Timestamp(dump_only=True, allow_none=True)
    outcome = fields.String(dump_only=True, allow_none=True, metadata={"enum": [*OUTCOMES, None]})
    answer = fields.String(dump_only=True, allow_none=True, metadata={"maxLength": 300})
    actor = fields.String(
        dump_only=True, allow_none=True, metadata={"description": "who decided the outcome, null for a worker"}
    )


class NotificationDetailSchema(NotificationSchema, FieldPermissionSchema):
    """A message with its content as it was sent, and the attempts to deliver it; tokens in its links are hidden."""

    recipient = requires_permission("patients:contact", fields.String(dump_only=True, allow_none=True))
    subject = fields.String(dump_only=True, allow_none=True)
    body = fields.String(dump_only=True, allow_none=True, metadata={"description": "null if it was not sent yet"})
    attempt_list = fields.List(fields.Nested(AttemptSchema), data_key="attempt_log", dump_only=True)


class NotificationFilterSchema(Schema):
    """Filters of the log of messages."""

    state = Choice(*STATES, WAITING, what="a state", metadata={"description": "`waiting`: queued or being sent"})
    kind = Choice(*KINDS, what="a kind of message")
    channel = Choice(*CHANNELS, what="a channel")
    patient_id = fields.UUID(error_messages=id_messages("a patient"))
    about_id = fields.UUID(
        error_messages=id_messages("what it is about"),
        metadata={"description": "the appointment, invoice, recall or patient of the message"},
    )
    first_day = Day(data_key="from", metadata={"description": "due on this day or later"})
    last_day = Day(data_key="to", metadata={"description": "due on this day or earlier"})


class NotificationQuery(ListQuery, NotificationFilterSchema):
    """Query parameters of the list of messages."""


class LogPageQuery(NotificationQuery):
    """Query parameters of the page of the log: `q` is what patients are searched by."""

    q = Line()


class RetryAllSchema(Schema):
    """Which messages are sent again; without a state, the failed and the unknown ones."""

    state = Choice(*RETRYABLE_STATES, what="a state", load_default=None)


class RetriedSchema(Schema):
    """How many messages were queued again."""

    retried = fields.Integer(required=True, metadata={"minimum": 0})


class ResolutionSchema(Schema):
    """What became of a message that may have been sent: it arrived, or it is sent again."""

    outcome = Choice(ARRIVED, AGAIN, what="what became of it", required=True)


def log_filters(query: Mapping[str, Any]) -> LogFilters:
    """Return the filters of a query as the log takes them; days are those of the clinic's time zone."""
    names = ("state", "kind", "channel", "patient_id", "about_id")
    filters: dict[str, Any] = {name: query.get(name) for name in names}
    first, last = query.get("first_day"), query.get("last_day")
    zone = clinic_service.current().zone if first or last else ""
    filters["since"] = day_bounds(first, zone)[0] if first else None
    filters["before"] = day_bounds(last, zone)[1] if last else None
    return cast(LogFilters, filters)


def filter_scope(query: Mapping[str, Any]) -> list[str]:
    """Return what a cursor of a query is valid for: its filters."""
    return [f"{name}={value}" for name, value in sorted(query.items()) if name not in {"limit", "cursor"} and value]


class ChannelSchema(Schema):
    """By which channel of the desk a message is sent as well: a phone call or a letter."""

    channel = Choice(*desk_channels(), what="a channel", required=True)
