"""`flask notifications list`, `show`, `retry`, `resolve` and `hold-back`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click

from clinic.billing.service import billing_service
from clinic.core.audit import record_listing, record_view
from clinic.notifications.attempts import detail_of
from clinic.notifications.channels import CHANNELS, desk_channels
from clinic.notifications.commands.group import as_json, group
from clinic.notifications.invoice_messages import send_invoice
from clinic.notifications.kinds import KINDS
from clinic.notifications.log import WAITING, message_log
from clinic.notifications.other_channels import send_by as queue_by_channel
from clinic.notifications.relevance import explain
from clinic.notifications.schemas.explanations import ExplanationSchema
from clinic.notifications.schemas.messages import (
    AGAIN,
    ARRIVED,
    RETRYABLE_STATES,
    STATES,
    NotificationDetailSchema,
    NotificationFilterSchema,
    NotificationSchema,
    log_filters,
)
from clinic.notifications.service import notification_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["created_at", "kind", "state", "attempts", "reason", "patient_id", "id"]


@group.command("list", needs="notifications:read")
@click.option("--state", type=click.Choice((*STATES, WAITING)))
@click.option("--kind", type=click.Choice(tuple(KINDS)))
@click.option("--channel", type=click.Choice(tuple(CHANNELS)))
@click.option("--patient", "patient_id", metavar="ID", help="Messages to this patient.")
@click.option("--about", "about_id", metavar="ID", help="Messages about this appointment, invoice or recall.")
@click.option("--from", "first_day", metavar="YYYY-MM-DD", help="Due on this day or later.")
@click.option("--to", "last_day", metavar="YYYY-MM-DD", help="Due on this day or earlier.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_notifications(limit: int, as_json: bool, first_day: str | None, last_day: str | None, **options: Any) -> None:
    """List messages, the latest due first."""
    query = load_options(NotificationFilterSchema(), {**options, "from": first_day, "to": last_day})
    found = message_log.list(**log_filters(query), limit=limit)
    record_listing("notifications", (notification.patient_id for notification in found.rows))
    show_rows(NotificationSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)


@group.command("show", needs="notifications:read")
@click.argument("notification_id", metavar="ID", type=click.UUID)
@as_json
def show(notification_id: UUID, as_json: bool) -> None:
    """Show a message with its content as it was sent, and the attempts to deliver it."""
    detail = detail_of(notification_service.get(notification_id))
    record_view("notifications", detail.id, detail.patient_id)
    show_record(NotificationDetailSchema().dump(detail), as_json=as_json)


@group.command("retry", needs="notifications:write")
@click.argument("notification_ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="All failed and unknown messages.")
@click.option("--state", type=click.Choice(RETRYABLE_STATES), help="All messages in this state.")
@as_json
def retry(notification_ids: tuple[UUID, ...], every: bool, state: str | None, as_json: bool) -> None:
    """Send failed and unknown messages again: those of the IDs, or all; an unknown one may arrive twice.

    For example: flask notifications retry --state failed
    """
    if bool(notification_ids) == bool(every or state):
        raise click.UsageError("give IDs, or --all or --state")
    retried = _retry_each(notification_ids) if notification_ids else notification_service.retry_all(state)
    show_record({"retried": retried}, as_json=as_json)
    info("A worker sends what is queued: flask worker")


@group.command("resolve", needs="notifications:write")
@click.argument("notification_id", metavar="ID", type=click.UUID)
@click.argument("outcome", type=click.Choice((ARRIVED, AGAIN)))
@as_json
def resolve(notification_id: UUID, outcome: str, as_json: bool) -> None:
    """Decide about a message of which it is unknown whether it was sent: it arrived, or it is sent again."""
    message = notification_service.resolve(notification_id, arrived=outcome == ARRIVED)
    show_record(NotificationSchema().dump(message), as_json=as_json)


@group.command("hold-back", needs="notifications:write")
@click.argument("notification_id", metavar="ID", type=click.UUID)
@as_json
def hold_back(notification_id: UUID, as_json: bool) -> None:
    """Keep a message that waits from being sent."""
    show_record(NotificationSchema().dump(notification_service.hold_back(notification_id)), as_json=as_json)


@group.command("why", needs="notifications:read")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.argument("about_id", metavar="ABOUT", type=click.UUID)
@as_json
@with_header
def why(kind: str, about_id: UUID, as_json: bool) -> None:
    """Explain check by check whether a message about an appointment, invoice, recall or patient is sent."""
    explanation = explain(kind, about_id, row=message_log.latest(kind, about_id, "email"))
    rows = ExplanationSchema().dump(explanation)["checks"]
    show_rows(rows, ["outcome", "label", "reason"], as_json=as_json)


@group.command("send-by", needs="notifications:write")
@click.argument("notification_id", metavar="ID", type=click.UUID)
@click.argument("channel", type=click.Choice(tuple(desk_channels())))
@as_json
def send_by(notification_id: UUID, channel: str, as_json: bool) -> None:
    """Put what a message says on the desk's list to call, or among the letters to print."""
    message = queue_by_channel(notification_id, channel=channel)
    show_record(NotificationSchema().dump(message), as_json=as_json)


@group.command("printed", needs="notifications:write")
@click.argument("notification_id", metavar="ID", type=click.UUID)
@as_json
def printed(notification_id: UUID, as_json: bool) -> None:
    """Record that a letter was printed."""
    show_record(NotificationSchema().dump(notification_service.record_printed(notification_id)), as_json=as_json)


@group.command("send-invoice", needs="notifications:write")
@click.argument("number", metavar="NUMBER_OR_ID")
@as_json
def mail_invoice(number: str, as_json: bool) -> None:
    """Send an issued invoice by email to who pays it."""
    message = send_invoice(billing_service.identify(number).id)
    show_record(NotificationSchema().dump(message), as_json=as_json)


def _retry_each(notification_ids: Sequence[UUID]) -> int:
    """Queue some messages again; return how many."""
    for notification_id in notification_ids:
        notification_service.get(notification_id)
    return len([notification_service.retry(notification_id) for notification_id in notification_ids])
