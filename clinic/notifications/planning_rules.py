"""When the reminders of a visit are due: pure rules, without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.notifications.quiet_hours import QuietHours

MARGIN = timedelta(hours=1)
"""A reminder is sent at least this long before the visit and, if it can't wait for the morning, before quiet hours."""

LEAD = timedelta(days=30)
"""How long before its day a patient is written to about a recall: as soon as the worklist calls it due."""

TOGETHER = "it is due together with a later reminder of this visit"
TOO_LATE = "the visit was booked or moved after this reminder was due"


@dataclass(frozen=True)
class Planned:
    """When a reminder is due, and why it is not sent if it is not."""

    due_at: datetime
    reason: str | None = None


def reminder_due(starts_at: datetime, offset: int, quiet: QuietHours) -> datetime:
    """Return when a reminder is due, so many minutes before a visit.

    In quiet hours it is due when they end or, if that is less than an hour before the visit, an hour before they begin.
    """
    due_at = starts_at - timedelta(minutes=offset)
    if not quiet.holds(due_at):
        return due_at
    ends = quiet.end_after(due_at)
    return ends if ends <= starts_at - MARGIN else quiet.start_before(due_at) - MARGIN


def plan_reminders(
    starts_at: datetime, offsets: Iterable[int], quiet: QuietHours, since: datetime
) -> Mapping[int, Planned]:
    """Return the reminders of a visit that was booked, or moved to its time, at `since`; by their offset in minutes.

    An offset that had passed by then has none. Of several that are due together only the last one is sent.
    """
    planned: dict[int, Planned] = {}
    taken: set[datetime] = set()
    for offset in sorted(offsets):
        if starts_at - timedelta(minutes=offset) <= since:
            break
        due_at = reminder_due(starts_at, offset, quiet)
        reason = TOO_LATE if due_at <= since else TOGETHER if due_at in taken else None
        planned[offset] = Planned(due_at, reason)
        taken.add(due_at)
    return planned
