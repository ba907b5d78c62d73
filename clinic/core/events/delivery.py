"""Stored events and their deliveries: added with the change, claimed, and marked as delivered or failed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Update, bindparam, update
from sqlalchemy.orm.attributes import set_committed_value

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import flush_open, write_transaction
from clinic.core.events import event_bus
from clinic.core.events.handlers import Handler, handler_name
from clinic.core.events.models import DEAD, DELIVERED, OPEN, RETRYING, Delivery, StoredEvent
from clinic.core.ids import new_id
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.tenancy import clinic_scope
from clinic.core.work_queue import LeaseLost, RetryPolicy, WorkQueue

RETRY = RetryPolicy(attempts=10, first_pause=timedelta(seconds=10))
NOT_SUBSCRIBED = "handler not subscribed"
LEASE_RAN_OUT = "process died or took too long"

_log = logging.getLogger("clinic.events")


class DeliveryQueue(WorkQueue[Delivery]):
    """The pending deliveries of all clinics."""

    def close_abandoned(self, row: Delivery) -> Mapping[str, Any] | None:
        """Return the values that close a delivery whose handler ended its process at the last attempt."""
        if not self.is_exhausted(row):
            return None
        return {"state": DEAD, "last_error": LEASE_RAN_OUT, "last_frames": None}

    def change(self, row: Delivery, **values: Any) -> None:
        """Change columns of a claimed row in the open transaction, by one statement, as each handler needs it.

        :raises LeaseLost: if it is not this process's any more
        """
        held = {"row_id": row.id, "row_lease": row.lease}
        found: Any = db.session.execute(self._change_held.values(values), held)
        if not found.rowcount:
            raise LeaseLost
        if row in db.session:
            for name, value in values.items():
                set_committed_value(row, name, value)

    @cached_property
    def _change_held(self) -> Update:
        is_mine = Delivery.id == bindparam("row_id"), Delivery.lease == bindparam("row_lease")
        changed = update(Delivery).where(*is_mine, Delivery.state.in_(self.open_states))
        return prepared(changed).execution_options(synchronize_session=False)


delivery_queue = DeliveryQueue(
    Delivery,
    open_states=OPEN,
    retry_state=RETRYING,
    failed_state=DEAD,
    due_at=Delivery.next_attempt_at,
    order=(Delivery.attempts, Delivery.event_id, Delivery.position),
    retry=RETRY,
)


@dataclass(frozen=True)
class Attempt:
    """One call of one handler for one event; without a delivery it is not stored and not retried."""

    event: StoredEvent
    handler: Handler
    delivery: Delivery | None


def store_event(event: StoredEvent) -> Sequence[Attempt]:
    """Add an event to the open transaction, with a delivery leased to this process for each handler."""
    db.session.add(event)
    db.session.flush()
    return list(_with_deliveries(event))


def claim_delivery() -> tuple[StoredEvent, Delivery] | None:
    """Lease the next due delivery to this process and return it with its event."""
    with clinic_scope(None):
        delivery = delivery_queue.claim()
        event = db.session.get(StoredEvent, delivery.event_id) if delivery else None
        return (event, delivery) if event and delivery else None


def subscribed_handler(event: StoredEvent, delivery: Delivery) -> Handler | None:
    """Return the handler of a delivery, None if no handler of that name is subscribed any more."""
    handlers = event_bus.handlers(event.type)
    return next((handler for handler in handlers if handler_name(handler) == delivery.handler), None)


def acknowledge(attempt: Attempt) -> None:
    """Mark a delivery as done in the handler's own transaction.

    :raises LeaseLost: if another process has claimed it
    """
    flush_open()
    if attempt.delivery is not None:
        done = {"delivered_at": now(), "last_error": None, "last_frames": None}
        delivery_queue.finish(attempt.delivery, DELIVERED, **done)


def record_failure(delivery: Delivery, error: str, frames: str = "") -> None:
    """Store why a delivery failed and when it is retried; if that fails too, its lease runs out instead."""
    try:
        with clinic_scope(None), write_transaction():
            delivery_queue.retry_or_fail(delivery, last_error=error[:200], last_frames=frames)
    except LeaseLost:
        _log.warning("lease_lost %s", delivery_queue.label(delivery))
    except Exception as failure:  # noqa: BLE001 - the publisher's change is committed and must be answered
        _log.error("failure_not_recorded error=%s frames=%s", error_name(failure), traceback_summary(failure))


def _with_deliveries(event: StoredEvent) -> Iterator[Attempt]:
    """Add a delivery for each handler that has a stable name."""
    for position, handler in enumerate(event_bus.handlers(event.type)):
        name = handler_name(handler)
        if name is None:
            yield Attempt(event, handler, None)
            continue
        delivery = Delivery(
            id=new_id(),
            event_id=event.id,
            handler=name,
            position=position,
            attempts=1,
            **delivery_queue.new_lease(),
        )
        db.session.add(delivery)
        yield Attempt(event, handler, delivery)
