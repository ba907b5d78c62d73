"""Delivery of stored events: each handler in a transaction of its own, retried until it is done or dead."""

import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import or_, select, update

from clinic.core.clock import now
from clinic.core.context import acting, acting_as
from clinic.core.database import Published, db, unit_of_work, use_outbox
from clinic.core.events import Handler, at_depth, event_bus, handler_name, log_failure
from clinic.core.failures import class_of, frames_of
from clinic.core.ids import new_id
from clinic.core.outbox import DEAD, DELIVERED, OPEN, RETRYING, Delivery, StoredEvent
from clinic.core.sessions import ClinicSession
from clinic.core.tenancy import clinic_id_or_none, in_clinic

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


class DeliveryOutbox:
    """Stores events with the change and delivers them after its commit."""

    def store(self, session: ClinicSession, published: Sequence[Published]) -> Sequence[_Attempt]:
        """Add the events to the open transaction, with a delivery leased to this process for each handler."""
        return [attempt for one in published for attempt in _stored(session, one)]

    def deliver(self, stored: Sequence[_Attempt]) -> None:
        """Run the handlers in the order of publishing and of subscription."""
        announced: set[UUID] = set()
        for attempt in stored:
            if attempt.event.id not in announced:
                announced.add(attempt.event.id)
                event_bus.announce(attempt.event.type, attempt.event.data)
            if attempt.handler is not _nobody:
                run(attempt)


use_outbox(DeliveryOutbox())


def deliver_due(limit: int = 100) -> int:
    """Run deliveries that are due: left by a process that died, or failed before; return how many were tried."""
    with in_clinic(None):
        claimed = _claim(limit)
    for event, delivery in claimed:
        handler = _subscribed(event.type, delivery.handler)
        if handler is None:
            _record_failure(delivery.id, delivery.lease, NOT_SUBSCRIBED, "", delivery.attempts)
        elif delivery.lease is not None:
            run(_Attempt(event, handler, delivery.id, delivery.lease), delivery.attempts)
    return len(claimed)


def run(attempt: _Attempt, attempts: int = 1) -> None:
    """Run one handler; its work and the mark that it is done are committed together, or neither."""
    event = attempt.event
    try:
        with _as_published(event), unit_of_work():
            attempt.handler(_copy(event.data))
            _acknowledge(attempt)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its own affair
        log_failure(event.type, attempt.handler, error)
        if attempt.delivery_id is not None and not isinstance(error, LeaseLost):
            _record_failure(attempt.delivery_id, attempt.lease, class_of(error), frames_of(error), attempts)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: doubling, with jitter from half to one and a half."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    jitter: float = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, hides nothing
    return pause * jitter


def lease_end() -> datetime:
    """Return until when a delivery that is taken now is nobody else's."""
    return now() + timedelta(seconds=current_app.config["LEASE_SECONDS"])


def _nobody(_data: dict[str, Any]) -> None:
    """Stand in for the handlers of an event that nobody listens to, so that it is announced all the same."""


def _stored(session: ClinicSession, published: Published) -> Iterator[_Attempt]:
    who = acting()
    event = StoredEvent(
        id=new_id(),
        type=published.type,
        data=published.data,
        clinic_id=clinic_id_or_none(),
        actor=who.actor,
        request_id=who.request_id,
        depth=published.depth,
        patient_id=published.patient_id,
        subject_version=published.subject_version,
    )
    session.add(event)
    names: set[str] = set()
    for position, handler in enumerate(event_bus.handlers(event.type) or (_nobody,)):
        name = None if handler is _nobody else handler_name(handler)
        lease = new_id()
        if name is None or name in names:
            yield _Attempt(event, handler, None, lease)
            continue
        names.add(name)
        delivery = Delivery(
            id=new_id(),
            event_id=event.id,
            handler=name,
            position=position,
            lease=lease,
            leased_until=lease_end(),
        )
        session.flush()
        session.add(delivery)
        yield _Attempt(event, handler, delivery.id, lease)


@contextmanager
def _as_published(event: StoredEvent) -> Iterator[None]:
    """Act in the event's clinic, for its actor and request, at its depth."""
    with (
        in_clinic(event.clinic_id),
        acting_as(event.actor, request_id=event.request_id, subject_version=event.subject_version),
        at_depth(event.depth),
    ):
        yield


def _copy(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in data.items()}


def _acknowledge(attempt: _Attempt) -> None:
    """Mark a delivery as done in the handler's own transaction, unless its lease was lost."""
    if attempt.delivery_id is None:
        return
    db.session.flush()
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
        with in_clinic(None), unit_of_work():
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
        _log.error("failure_not_recorded error=%s frames=%s", class_of(failure), frames_of(failure))


def _claim(limit: int) -> list[tuple[StoredEvent, Delivery]]:
    """Lease due deliveries to this process; on PostgreSQL two workers pass each other by."""
    at = now()
    due = (
        select(StoredEvent, Delivery)
        .join(Delivery, Delivery.event_id == StoredEvent.id)
        .where(
            Delivery.state.in_(OPEN),
            Delivery.next_attempt_at <= at,
            or_(Delivery.leased_until.is_(None), Delivery.leased_until < at),
        )
        .order_by(Delivery.event_id, Delivery.position)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    with unit_of_work():
        claimed = [(event, delivery) for event, delivery in db.session.execute(due)]
        return list(_lease(claimed))


def _lease(found: Iterable[tuple[StoredEvent, Delivery]]) -> Iterator[tuple[StoredEvent, Delivery]]:
    """Take each found delivery; one whose holder died on the last try is dead."""
    for event, delivery in found:
        died = delivery.lease is not None
        if died and delivery.attempts >= MAX_ATTEMPTS:
            delivery.state, delivery.lease, delivery.leased_until = DEAD, None, None
            delivery.last_error, delivery.last_frames = LEASE_RAN_OUT, None
            continue
        delivery.attempts += 1
        delivery.lease, delivery.leased_until = new_id(), lease_end()
        yield event, delivery


def _subscribed(event_type: str, name: str) -> Handler | None:
    handlers = event_bus.handlers(event_type)
    return next((handler for handler in handlers if handler_name(handler) == name), None)
