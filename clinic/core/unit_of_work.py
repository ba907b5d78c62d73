"""The unit of work: a write transaction that stores the events published in it and delivers them after its commit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from clinic.core.clock import now
from clinic.core.context import as_actor, current_actor
from clinic.core.db import db
from clinic.core.db.transaction import flush_open, joined_transaction, separate_outcome, write_transaction
from clinic.core.events import event_bus
from clinic.core.events.context import collecting, current_depth, handling, is_too_deep
from clinic.core.events.delivery import (
    NOT_SUBSCRIBED,
    Attempt,
    acknowledge,
    claim_delivery,
    record_failure,
    store_event,
    subscribed_handler,
)
from clinic.core.events.handlers import copy_nested, log_failure
from clinic.core.events.models import StoredEvent
from clinic.core.events.types import validate_event
from clinic.core.ids import new_id
from clinic.core.logging.error_summary import error_name, traceback_summary
from clinic.core.tenancy import clinic_scope, current_clinic_id_or_none
from clinic.core.work_queue import LeaseLost


@dataclass
class _Collector:
    """The events of an open unit of work, and the record that the next ones concern."""

    events: list[StoredEvent] = field(default_factory=list)
    subject_id: UUID | None = None
    subject_version: int | None = None
    closed: bool = False

    def collect(self, event_type: str, data: dict[str, Any]) -> None:
        """Keep an event until the commit.

        :raises UndeclaredEvent: if no module has declared it with these keys
        :raises RuntimeError: if the unit of work has ended
        """
        if self.closed:
            raise RuntimeError("the unit of work in which this event is published has ended")
        data, depth, actor = validate_event(event_type, data), current_depth(), current_actor()
        if is_too_deep(event_type, depth):
            return
        event = StoredEvent(
            id=new_id(),
            type=event_type,
            data=data,
            occurred_at=now(),
            clinic_id=current_clinic_id_or_none(),
            actor=actor.actor,
            request_id=actor.request_id,
            depth=depth,
            subject_id=self.subject_id,
            subject_version=self.subject_version,
        )
        self.events.append(event)


_current: ContextVar[_Collector | None] = ContextVar("unit_of_work", default=None)


class EnclosingUnit:
    """A unit of work that the first one in a block opens and the others join; see `enclosing_unit_of_work`."""

    def __init__(self, on_begin: Callable[[], None]) -> None:
        self.is_open = False
        self._on_begin = on_begin
        self.session = db.session()
        self._exits = ExitStack()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the outermost unit of work and leave it open; an error ends it at once."""
        with ExitStack() as exits:
            exits.enter_context(_outermost_unit_of_work())
            self._on_begin()
            yield
            flush_open()
            self._exits = exits.pop_all()
        self.is_open = True

    def close(self, *error: Any) -> bool | None:
        """Commit and deliver, or roll back if the block ended with an error."""
        return self._exits.__exit__(*error)


_enclosing: ContextVar[EnclosingUnit | None] = ContextVar("enclosing_unit", default=None)


@contextmanager
def unit_of_work(*, durable: bool = True) -> Iterator[None]:
    """Store changes and the events published with them in one transaction, then deliver the events.

    Inside another unit of work it joins that one; handlers run after the outermost commit. `durable` is explained at
    `write_transaction`.

    :raises UnitOfWorkDoomed: if an inner unit failed, even if its error was caught
    :raises RuntimeError: if the session has changes from outside
    """
    if _current.get() is not None:
        with joined_transaction():
            yield
        return
    enclosing = _enclosing.get()
    if enclosing is not None and enclosing.session is db.session():
        with enclosing.opened():
            yield
        return
    with _outermost_unit_of_work(durable=durable):
        yield


@contextmanager
def enclosing_unit_of_work(on_begin: Callable[[], None]) -> Iterator[EnclosingUnit]:
    """Commit what the units of work in this block change together, at the end of the block.

    The first of them begins with `on_begin` and stays open, the others join it. If it fails it is rolled back at once,
    as everywhere, and the next one is the first. Units of work in another session, like those of `record_view`, are
    not part of it.
    """
    enclosing = EnclosingUnit(on_begin)
    token = _enclosing.set(enclosing)
    try:
        with ExitStack() as exits:
            exits.push(enclosing.close)
            yield enclosing
    finally:
        _enclosing.reset(token)


def set_event_subject(subject_id: UUID, version: int) -> None:
    """Set the record, and its version, that the next events of this unit of work concern."""
    collector = _current.get()
    if collector is None:
        raise RuntimeError("no unit of work is open")
    collector.subject_id, collector.subject_version = subject_id, version


def deliver_due(limit: int = 100) -> int:
    """Run the deliveries that are due, left by a process that died or failed before; return how many were attempted.

    They are claimed one by one, those with the fewest attempts first.
    """
    attempted = 0
    while attempted < limit and (claimed := claim_delivery()):
        event, delivery = claimed
        attempted += 1
        if handler := subscribed_handler(event, delivery):
            run_handler(Attempt(event, handler, delivery))
        else:
            record_failure(delivery, NOT_SUBSCRIBED)
    return attempted


def run_handler(attempt: Attempt) -> None:
    """Run one handler in its event's clinic, for the actor and the request that published it.

    Its changes and the mark that it is done are committed together, or neither is.
    """
    event = attempt.event
    try:
        with (
            clinic_scope(event.clinic_id),
            as_actor(event.actor, request_id=event.request_id),
            handling(event, event.depth),
            separate_outcome(),
            unit_of_work(),
        ):
            attempt.handler(copy_nested(event.data))
            acknowledge(attempt)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - an error of a handler must not reach the publisher
        log_failure(event.type, attempt.handler, error)
        if attempt.delivery is not None and not isinstance(error, LeaseLost):
            record_failure(attempt.delivery, error_name(error), traceback_summary(error))


@contextmanager
def _outermost_unit_of_work(*, durable: bool = True) -> Iterator[None]:
    with write_transaction(durable=durable):
        with _collected_events() as events:
            yield
            flush_open()
        stored = [(event, store_event(event)) for event in events]
    for event, attempts in stored:
        event_bus.log_published(event.type, event.data)
        for attempt in attempts:
            run_handler(attempt)


@contextmanager
def _collected_events() -> Iterator[Sequence[StoredEvent]]:
    collector = _Collector()
    token = _current.set(collector)
    try:
        with collecting(collector.collect):
            yield collector.events
    finally:
        collector.closed = True
        _current.reset(token)
