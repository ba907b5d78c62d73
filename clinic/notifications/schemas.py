"""Schemas of messages."""

from marshmallow import Schema, fields

from clinic.web.fields import Choice, Timestamp
from clinic.web.json_api import ListQuery

STATES = ("queued", "sending", "sent", "failed", "unknown", "suppressed")

RETRYABLE_STATES = ("failed", "unknown")


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


class NotificationQuery(ListQuery):
    """Filters of the list of messages."""

    state = Choice(*STATES, what="a state")


class RetryAllSchema(Schema):
    """Which messages are sent again; without a state, the failed and the unknown ones."""

    state = Choice(*RETRYABLE_STATES, what="a state", load_default=None)


class RetriedSchema(Schema):
    """How many messages were queued again."""

    retried = fields.Integer(required=True, metadata={"minimum": 0})
