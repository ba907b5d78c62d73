"""`flask notifications …`."""

import click

from clinic.core.audit import record_listing
from clinic.notifications.schemas import STATES, NotificationSchema
from clinic.notifications.service import notification_service
from clinic.web.cli import CommandGroup, show_rows

COLUMNS = ["created_at", "kind", "state", "attempts", "reason", "patient_id", "id"]

group = CommandGroup("notifications", clinic=True, help="Messages to patients.")


@group.command("list", needs="notifications:read")
@click.option("--state", type=click.Choice(STATES))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_notifications(state: str | None, limit: int, as_json: bool) -> None:
    """List messages, the latest first."""
    found = notification_service.list(state=state, limit=limit)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    show_rows(NotificationSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)
