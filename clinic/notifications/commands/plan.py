"""`flask notifications plan`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from clinic.notifications.commands.group import as_json, group
from clinic.notifications.planning_job import plan_clinic
from clinic.notifications.schemas.upcoming import PlanSchema
from clinic.notifications.upcoming import Upcoming, upcoming
from clinic.web.cli import show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["day", "messages", "visits", "reminded", "not_reminded"]


@group.command("plan", needs="notifications:read")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Whose reminders are shown; tomorrow unless given.")
@click.option("--run", is_flag=True, help="Plan what is not planned yet first, as a worker does every minute.")
@as_json
@with_header
def plan(day: datetime | None, run: bool, as_json: bool) -> None:
    """Show what goes out in the next days, and why some patients are not reminded."""
    if run:
        info(f"{plan_clinic()} records planned")
    found = upcoming(day.date() if day else None)
    if as_json:
        show_record(PlanSchema().dump(found), as_json=True)
        return
    show_rows(_rows(found), COLUMNS, as_json=False)


def _rows(found: Upcoming) -> Sequence[dict[str, Any]]:
    """Return a row for each day: what goes out on it, and who is reminded of the visits on it."""
    counts = {one.day: one.total for one in found.days}
    visits = {one.day: one for one in found.visit_days}
    return [
        {
            "day": str(day),
            "messages": counts.get(day),
            "visits": visits[day].visits if day in visits else None,
            "reminded": sum(visits[day].reminded.values()) if day in visits else None,
            "not_reminded": ", ".join(f"{count}: {why}" for why, count in visits[day].reasons.items())
            if day in visits
            else None,
        }
        for day in sorted({*counts, *visits})
    ]
