"""Delivery of stored events: each handler in a transaction of its own, retried until it is done or dead."""

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import Select, or_, select, update

from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.db.orm_session import ClinicSession
from clinic.core.events import Handler, at_depth, copied, event_bus, handler_name, log_failure
from clinic.core.events.models import DEAD, DELIVERED, OPEN, RETRYING, Delivery, StoredEvent
from clinic.core.ids import new_id
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import CollectedEvent, ensure_open, unit_of_work, use_outbox

MAX_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)
NOT_SUBSCRIBED = "handler not subscribed"
LEASE_RAN_OUT = "process died or took too long"

_log = logging.getLogger("clinic.events")


class LeaseLost(RuntimeError):
    """Another process has taken this delivery over; what this one did for it is rolled back."""


@dataclass(frozen=True)
class _Attempt:
    """One handler that is to hear of one event; without an id it is not stored and not tried again."""

    event: StoredEvent
    handler: Handler
    delivery_id: UUID | None
    lease: UUID


@dataclass(frozen=True)
class _Told:
    """A stored event, and the handlers that are to hear of it."""

    event: StoredEvent
    attempts: Sequence[_Attempt]


class DeliveryOutbox:
    """Stores events with the change and delivers them after its commit."""

    def store(self, session: ClinicSession, published: Sequence[CollectedEvent]) -> Sequence[_Told]:
        """Add the events to the open transaction, with a delivery leased to this process for each handler."""
        return [_stored(session, one) for one in published]

    def deliver(self, stored: Sequence[_Told]) -> None:
        """Run the handlers in the order of publishing and of subscription."""
        for told in stored:
            event_bus.announce(told.event.type, told.event.data)
            for attempt in told.attempts:
                run(attempt)


use_outbox(DeliveryOutbox())


def deliver_due(limit: int = 100) -> int:
    """Run deliveries that are due: left by a process that died, or failed before; return how many were tried.

    They are taken one by one, those tried least first: one that kills its process costs no other a try.
    """
    tried = 0
    while tried < limit and (claimed := _claim()):
        event, delivery = claimed
        tried += 1
        handler = _subscribed(event.type, delivery.handler)
        if handler is None:
            _record_failure(delivery.id, delivery.lease, NOT_SUBSCRIBED, "", delivery.attempts)
        elif delivery.lease is not None:
            run(_Attempt(event, handler, delivery.id, delivery.lease), delivery.attempts)
    return tried


def run(attempt: _Attempt, attempts: int = 1) -> None:
    """Run one handler; its work and the mark that it is done are committed together, or neither."""
    event = attempt.event
    try:
        with _as_published(event), unit_of_work():
            attempt.handler(copied(event.data))
            _acknowledge(attempt)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its own affair
        log_failure(event.type, attempt.handler, error)
        if attempt.delivery_id is not None and not isinstance(error, LeaseLost):
            _record_failure(attempt.delivery_id, attempt.lease, error_name(error), traceback_summary(error), attempts)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: doubling, with jitter from half to one and a half."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    jitter: float = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, hides nothing
    return pause * jitter


def lease_end() -> datetime:
    """Return until when a delivery that is taken now is nobody else's."""
    return now() + timedelta(seconds=current_app.config["LEASE_SECONDS"])


def _stored(session: ClinicSession, published: CollectedEvent) -> _Told:
    event = StoredEvent(
        id=new_id(),
        type=published.type,
        data=published.data,
        clinic_id=published.clinic_id,
        actor=published.actor.actor,
        request_id=published.actor.request_id,
        depth=published.depth,
        patient_id=published.patient_id,
        subject_version=published.subject_version,
    )
    session.add(event)
    session.flush()
    return _Told(event, list(_leased_here(session, event)))


def _leased_here(session: ClinicSession, event: StoredEvent) -> Iterator[_Attempt]:
    """Add a delivery for each handler that has a name of its own."""
    names: set[str] = set()
    for position, handler in enumerate(event_bus.handlers(event.type)):
        name, lease = handler_name(handler), new_id()
        if name is None or name in names:
            yield _Attempt(event, handler, None, lease)
            continue
        names.add(name)
        delivery = Delivery(id=new_id(), event_id=event.id, handler=name, position=position, lease=lease)
        delivery.leased_until = lease_end()
        session.add(delivery)
        yield _Attempt(event, handler, delivery.id, lease)


@contextmanager
def _as_published(event: StoredEvent) -> Iterator[None]:
    """Act in the event's clinic, for its actor and request, at its depth."""
    with (
        clinic_scope(event.clinic_id),
        as_actor(event.actor, request_id=event.request_id, subject_version=event.subject_version),
        at_depth(event.depth),
    ):
        yield


def _acknowledge(attempt: _Attempt) -> None:
    """Mark a delivery as done in the handler's own transaction, unless its lease was lost."""
    ensure_open()
    db.session.flush()
    if attempt.delivery_id is None:
        return
    done = db.session.execute(
        update(Delivery)
        .where(Delivery.id == attempt.delivery_id, Delivery.lease == attempt.lease)
        .values(
            state=DELIVERED,
            delivered_at=now(),
            lease=None,
            leased_until=None,
            last_error=None,
            last_frames=None,
        )
        .returning(Delivery.id)
    ).all()
    if not done:
        raise LeaseLost


def _record_failure(delivery_id: UUID, lease: UUID | None, error: str, frames: str, attempts: int) -> None:
    """Note why a delivery failed and when it is tried next; if even that fails, its lease runs out instead."""
    dead = attempts >= MAX_ATTEMPTS
    try:
        with clinic_scope(None), unit_of_work():
            db.session.execute(
                update(Delivery)
                .where(Delivery.id == delivery_id, Delivery.lease == lease)
                .values(
                    state=DEAD if dead else RETRYING,
                    next_attempt_at=now() + pause_after(attempts),
                    lease=None,
                    leased_until=None,
                    last_error=error[:200],
                    last_frames=frames,
                )
            )
    except Exception as failure:  # noqa: BLE001 - the publisher's change is committed and must be answered
        _log.error("failure_not_recorded error=%s frames=%s", error_name(failure), traceback_summary(failure))


def _claim() -> tuple[StoredEvent, Delivery] | None:
    """Lease the next due delivery to this process; on PostgreSQL two workers pass each other by."""
    with clinic_scope(None):
        while True:
            with unit_of_work():
                found = db.session.execute(_next_due()).first()
                if found is None:
                    return None
                event, delivery = found
                if _is_taken(delivery):
                    return event, delivery


def _next_due() -> Select[StoredEvent, Delivery]:
    at = now()
    return (
        select(StoredEvent, Delivery)
        .join(Delivery, Delivery.event_id == StoredEvent.id)
        .where(
            Delivery.state.in_(OPEN),
            Delivery.next_attempt_at <= at,
            or_(Delivery.leased_until.is_(None), Delivery.leased_until < at),
        )
        .order_by(Delivery.attempts, Delivery.event_id, Delivery.position)
        .limit(1)
        .with_for_update(of=Delivery, skip_locked=True)
    )


def _is_taken(delivery: Delivery) -> bool:
    """Take a delivery, and count the try; one whose holder died on the last try is dead instead."""
    if delivery.lease is not None and delivery.attempts >= MAX_ATTEMPTS:
        delivery.state, delivery.lease, delivery.leased_until = DEAD, None, None
        delivery.last_error, delivery.last_frames = LEASE_RAN_OUT, None
        return False
    delivery.attempts += 1
    delivery.lease, delivery.leased_until = new_id(), lease_end()
    return True


def _subscribed(event_type: str, name: str) -> Handler | None:
    handlers = event_bus.handlers(event_type)
    return next((handler for handler in handlers if handler_name(handler) == name), None)
