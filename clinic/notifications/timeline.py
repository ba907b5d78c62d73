"""The messages to a patient as rows of the timeline."""

from typing import Any

from sqlalchemy import Select, func

from clinic.core.db.json_object import json_object
from clinic.core.timeline_sources import Subjects, timeline_rows
from clinic.notifications.models import Notification


def select_messages(patient_ids: Subjects) -> Select[Any]:
    """Select messages, at the time when they were sent or, those that were not, queued."""
    details = json_object(
        kind=Notification.kind,
        channel=Notification.channel,
        state=Notification.state,
        reason=Notification.reason,
        recipient=Notification.recipient,
    )
    rows = timeline_rows(
        at=func.coalesce(Notification.sent_at, Notification.created_at),
        id=Notification.id,
        action=Notification.state,
        record="notifications",
        record_id=Notification.id,
        details=details,
    )
    return rows.where(Notification.patient_id.in_(patient_ids))
