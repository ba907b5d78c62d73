"""`flask events …`: declared events, stored events and their deliveries."""

from typing import Any
from uuid import UUID

import click

from clinic.core.events import event_bus, handler_name
from clinic.core.events.admin import event_log
from clinic.core.events.models import STATES, Delivery, StoredEvent
from clinic.core.events.types import declared_events
from clinic.web.cli import CommandGroup, show_record, show_rows, with_header
from clinic.web.cli_output import info

group = CommandGroup("events", help="Published events and their deliveries.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("catalogue")
@as_json
@with_header
def catalogue(as_json: bool) -> None:
    """List the declared events with their keys, publishers and handlers."""
    rows = [
        {
            "event": event.name,
            "keys": sorted(event.keys),
            "published_by": event.published_by,
            "when": event.when,
            "handlers": [handler_name(handler) for handler in event_bus.handlers(event.name)],
        }
        for event in declared_events()
    ]
    show_rows(rows, ["event", "keys", "published_by", "handlers"], as_json=as_json)


@group.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those with a delivery in this state.")
@click.option("--type", "event_type", metavar="NAME", help="Only events of this name.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@as_json
@with_header
def list_events(as_json: bool, **filters: Any) -> None:
    """List deliveries, the latest first: event, handler, state, attempts, last error."""
    rows = [_row(event, delivery) for event, delivery in event_log.list(**filters)]
    show_rows(rows, ["id", "event", "handler", "state", "attempts", "last_error"], as_json=as_json)


@group.command("show")
@click.argument("event_id", type=click.UUID)
@as_json
def show(event_id: UUID, as_json: bool) -> None:
    """Show an event with its envelope and each delivery."""
    event, deliveries = event_log.get(event_id)
    show_record({**_envelope(event), "deliveries": [_delivery(one) for one in deliveries]}, as_json=as_json)


@group.command("retry")
@click.argument("event_id", type=click.UUID)
def retry(event_id: UUID) -> None:
    """Retry the undelivered deliveries of an event at once, dead and discarded ones too."""
    info(f"{event_log.retry(event_id)} deliveries due again. A worker runs them; or: flask worker --once")


@group.command("discard")
@click.argument("event_id", type=click.UUID)
def discard(event_id: UUID) -> None:
    """Discard the undelivered deliveries of an event."""
    info(f"{event_log.discard(event_id)} discarded. To take it back: flask events retry {event_id}")


def _row(event: StoredEvent, delivery: Delivery | None) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "event": event.type,
        "occurred_at": event.occurred_at.isoformat(),
        **(_delivery(delivery) if delivery else {}),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "handler": delivery.handler,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at.isoformat(),
        "last_error": delivery.last_error,
        "last_frames": delivery.last_frames,
    }


def _envelope(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "event": event.type,
        "data": event.data,
        "clinic_id": str(event.clinic_id) if event.clinic_id else None,
        "actor": event.actor,
        "request_id": event.request_id,
        "occurred_at": event.occurred_at.isoformat(),
        "depth": event.depth,
    }
