"""Planning of the messages about recalls: one before the day of each, to patients who want them."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select

from clinic.core.clock import today
from clinic.core.context import IMPORT
from clinic.core.db.transaction import get_for_update
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.checks import IMPORTED, NOT_OPEN
from clinic.notifications.models import Notification
from clinic.notifications.planned_rows import PlannedRows, PlanQuery, first_of, was_dropped
from clinic.notifications.planning_rules import LEAD, Planned
from clinic.notifications.settings import MessageSettings, settings_service
from clinic.patients.service import Recall

MORNING = time(9)
PLANNED_AHEAD, OVERDUE = timedelta(days=30), timedelta(days=14)
"""How long before it is due such a message is planned, and how long after the day of the recall at most."""

ALREADY = "the patient was written to about this recall already"


def plan_recall(recall_id: UUID) -> None:
    """Bring the message about a recall in line with its present state; one that was sent is not sent again."""
    with unit_of_work():
        recall = get_for_update(Recall, recall_id)
        if recall is None:
            return
        settings = settings_service.get()
        about_at = _instant(recall.due_on, time(0), settings.zone)
        rows = PlannedRows("recall", recall.patient_id, recall.id, version=recall.version, about_at=about_at)
        plan = _plan(recall, settings)
        rows.keep(plan, settings.version, otherwise=NOT_OPEN)
        if rows.is_of_other_version:
            rows.follow_version(ALREADY)
        else:
            rows.add(plan, settings.version, suppressed=IMPORTED if recall.recorded_by.startswith(IMPORT) else None)


def unplanned_recalls() -> PlanQuery:
    """Return the query of the open recalls that are due soon and about which no message is planned."""
    day = today(clinic_service.current().zone)
    return _UNPLANNED, {"first_day": day - OVERDUE, "last_day": day + LEAD + PLANNED_AHEAD}


def _unplanned() -> Select[UUID]:
    open_soon = (Recall.state == "open", Recall.due_on.between(bindparam("first_day"), bindparam("last_day")))
    planned = select(Notification.id).where(
        Notification.kind == "recall",
        Notification.about_id == Recall.id,
        Notification.about_version == Recall.version,
        ~was_dropped(Notification),
    )
    return first_of(select(Recall.id).where(*open_soon, ~planned.exists()).order_by(Recall.due_on))


_UNPLANNED = _unplanned()


def _plan(recall: Recall, settings: MessageSettings) -> dict[int, Planned]:
    if recall.state != "open":
        return {}
    due_at = max(_instant(recall.due_on - LEAD, MORNING, settings.zone), recall.updated_at + settings.grace)
    quiet = settings.quiet_hours
    return {0: Planned(quiet.end_after(due_at) if quiet.holds(due_at) else due_at)}


def _instant(day: date, at: time, zone: str) -> datetime:
    """Return the instant at which the clocks of a zone show a time on a day."""
    local: datetime = datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    return local
