"""Messages in a patient's timeline, in words."""

from collections.abc import Sequence

from flask import get_template_attribute

from clinic.core.context import current_actor
from clinic.core.timeline_sources import TimelineKind, TimelineRow, TimelineSource, TimelineText
from clinic.notifications.timeline import select_messages

MESSAGES = TimelineKind("messages", "Messages", 30)


def present(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return messages in words."""
    labels = get_template_attribute("notifications/_states.html", "labels")
    tones = get_template_attribute("notifications/_states.html", "tones")
    return [_text(row, labels[row.action].lower(), tones[row.action]) for row in rows]


def _text(row: TimelineRow, state: str, tone: str) -> TimelineText:
    details = row.details
    title = f"{details['kind'].capitalize()} by {details['channel']} {state}"
    to = details["recipient"] if current_actor().has_permission("patients:contact") else None
    page = ("Open", "notifications.show", {"notification_id": row.id})
    return TimelineText(title, f"to {to}" if to else "", details["reason"] or "", "mail", tone, page)


SOURCE = TimelineSource("messages", MESSAGES, "notifications:read", select_messages, present)
