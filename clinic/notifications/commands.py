"""`flask notifications …`."""

from collections.abc import Sequence
from uuid import UUID

import click

from clinic.core.audit import record_listing
from clinic.notifications.schemas import RETRYABLE_STATES, STATES, NotificationSchema
from clinic.notifications.service import notification_service
from clinic.web.cli import CommandGroup, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["created_at", "kind", "state", "attempts", "reason", "patient_id", "id"]

group = CommandGroup("notifications", clinic=True, help="Messages to patients.")


@group.command("list", needs="notifications:read")
@click.option("--state", type=click.Choice(STATES))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_header
def list_notifications(state: str | None, limit: int, as_json: bool) -> None:
    """List messages, the latest first."""
    found = notification_service.list(state=state, limit=limit)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    show_rows(NotificationSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)


@group.command("retry", needs="notifications:write")
@click.argument("notification_ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="All failed and unknown messages.")
@click.option("--state", type=click.Choice(RETRYABLE_STATES), help="All messages in this state.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retry(notification_ids: tuple[UUID, ...], every: bool, state: str | None, as_json: bool) -> None:
    """Send failed and unknown messages again: those of the IDs, or all; an unknown one may arrive twice.

    For example: flask notifications retry --state failed
    """
    if bool(notification_ids) == bool(every or state):
        raise click.UsageError("give IDs, or --all or --state")
    retried = _retry_each(notification_ids) if notification_ids else notification_service.retry_all(state)
    show_record({"retried": retried}, as_json=as_json)
    info("A worker sends what is queued: flask worker")


def _retry_each(notification_ids: Sequence[UUID]) -> int:
    """Queue some messages again; return how many."""
    for notification_id in notification_ids:
        notification_service.get(notification_id)
    return len([notification_service.retry(notification_id) for notification_id in notification_ids])
