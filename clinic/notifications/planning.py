"""Planning of the messages about a visit: reminders beforehand, and one to a patient who did not come."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from clinic.appointments.service import Appointment
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db.transaction import get_for_update
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.checks import (
    AHEAD_STATES,
    CANCELLED,
    CANCELLED_STATES,
    CHANGED,
    IMPORTED,
    NO_SHOW,
    NOT_MISSED,
)
from clinic.notifications.planned_rows import SETTINGS, PlannedRows
from clinic.notifications.planning_rules import Planned, plan_reminders
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.notifications.subjects import was_imported

HORIZON = timedelta(days=60)
"""How long before it is due a reminder is planned, at most: nobody looks further ahead, and settings change."""

_ALWAYS = datetime.min.replace(tzinfo=UTC)


def plan_visit(appointment_id: UUID, *, since: datetime) -> None:
    """Bring the messages about an appointment in line with its present state, whatever happened to it, in any order.

    `since` is when it was booked, moved or restored: a reminder that was due before is not planned any more. What was
    sent is never planned again for the same time.
    """
    with unit_of_work():
        appointment = get_for_update(Appointment, appointment_id)
        if appointment is None:
            return
        settings = settings_service.get()
        _plan_reminders(appointment, settings, since)
        _plan_missed(appointment, settings, since)


def _plan_reminders(appointment: Appointment, settings: MessageSettings, since: datetime) -> None:
    rows = _rows("reminder", appointment)
    offsets = settings.offsets_of(appointment.service_id) if appointment.status in AHEAD_STATES else ()
    starts_at, quiet = appointment.starts_at, settings.quiet_hours
    rows.keep(plan_reminders(starts_at, offsets, quiet, _ALWAYS), settings.version, otherwise=_drop_reason(appointment))
    planned = plan_reminders(starts_at, offsets, quiet, since)
    near = {offset: one for offset, one in planned.items() if one.due_at <= now() + HORIZON}
    if near:
        rows.add(near, settings.version, suppressed=IMPORTED if was_imported(appointment.id) else None)


def _plan_missed(appointment: Appointment, settings: MessageSettings, since: datetime) -> None:
    if appointment.status != NO_SHOW and appointment.starts_at > now():
        return
    rows = _rows("missed", appointment)
    plan = _missed(settings, since) if appointment.status == NO_SHOW else {}
    waiting = {row.offset_minutes: Planned(row.due_at) for row in rows.standing} if plan else {}
    rows.keep(waiting, settings.version, otherwise=NOT_MISSED)
    rows.add(plan, settings.version, suppressed=IMPORTED if current_actor().is_import else None)


def _missed(settings: MessageSettings, since: datetime) -> Mapping[int, Planned]:
    due_at, quiet = since + settings.grace, settings.quiet_hours
    return {0: Planned(quiet.end_after(due_at) if quiet.holds(due_at) else due_at)}


def _rows(kind: str, appointment: Appointment) -> PlannedRows:
    version, starts_at = appointment.version, appointment.starts_at
    return PlannedRows(kind, appointment.patient_id, appointment.id, version=version, about_at=starts_at)


def _drop_reason(appointment: Appointment) -> str:
    if appointment.status in CANCELLED_STATES:
        return CANCELLED
    return SETTINGS if appointment.status in AHEAD_STATES else CHANGED
