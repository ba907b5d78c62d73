"""The moves of appointments in a patient's timeline, in words."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import get_template_attribute

from clinic.appointments.booking.timeline import select_bookings, select_moves
from clinic.appointments.pages.progress import PAST
from clinic.appointments.rules import UNDO
from clinic.core.context import current_actor
from clinic.core.db.json_object import read_instant
from clinic.core.timeline_sources import TimelineKind, TimelineRow, TimelineSource, TimelineText
from clinic.identity.clinics import clinic_service
from clinic.web.template_filters import near_instant

VISITS = TimelineKind("visits", "Visits", 10)


def present(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return moves of appointments in words."""
    states = get_template_attribute("appointments/_states.html", "states")
    zone = clinic_service.current().zone
    return [_text(row, states, zone) for row in rows]


def _text(row: TimelineRow, states: Mapping[str, tuple[str, str, str]], zone: str) -> TimelineText:
    details = row.details
    _label, icon, tone = states[details["to_status"]]
    title = PAST[row.action]
    if row.action == "cancel" and details.get("late"):
        title = "Cancelled late"
    if row.action == UNDO:
        title = f"Undone: {states[details['to_status']][0].lower()} again"
    what = f"{details.get('service') or 'visit'}, {details['practitioner']}"
    note = details.get("note") if current_actor().has_permission("appointments:notes") else None
    return TimelineText(
        title,
        f"{what}, {_times(row, zone)}",
        f"“{note}”" if note else "",
        icon,
        tone,
        ("Open visit", "appointments.show", {"appointment_id": row.record_id}),
    )


def _times(row: TimelineRow, zone: str) -> str:
    """Return the time of the appointment after a move, and for a move to another time also the one before it."""
    then = _start(_parsed(row.details.get("next"))) or read_instant(row.details["starts_at"])
    before = _start(_parsed(row.details.get("before"))) if row.action == "reschedule" else None
    times = dict.fromkeys(near_instant(at, zone) for at in (before, then) if at)
    return " → ".join(times)


def _start(columns: Mapping[str, Any] | None) -> datetime | None:
    return read_instant(columns.get("starts_at")) if columns else None


def _parsed(value: Any) -> Any:
    """Return a nested JSON value, which SQLite returns as text."""
    return json.loads(value) if isinstance(value, str) else value


SOURCES = (
    TimelineSource("appointment moves", VISITS, "appointments:read", select_moves, present),
    TimelineSource("older bookings", VISITS, "appointments:read", select_bookings, present),
)
