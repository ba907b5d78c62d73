"""Context of the current call: the event that is being handled, its depth, and the collector of published events."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from clinic.core.clock import now
from clinic.core.ids import new_id

Collector = Callable[[str, dict[str, Any]], None]
"""Takes the name and data of an event that is published inside a unit of work."""

MAX_DEPTH = 16
"""The maximum nesting of handlers that publish events."""

_log = logging.getLogger("clinic.events")


@dataclass(frozen=True)
class EventEnvelope:
    """An event without its data: its id, its name, when it was published and the record that it concerns."""

    type: str
    id: UUID = field(default_factory=new_id)
    occurred_at: datetime = field(default_factory=now)
    subject_id: UUID | None = None
    subject_version: int | None = None


class PublishedEvent(Protocol):
    """An event that is handed to handlers: a stored one, or one that was published outside a unit of work."""

    @property
    def envelope(self) -> EventEnvelope:
        """The event without its data."""


class UnstoredEvent:
    """An event published outside a unit of work; its envelope is made for the first handler that reads it."""

    __slots__ = ("_envelope", "type")

    def __init__(self, event_type: str) -> None:
        self.type = event_type
        self._envelope: EventEnvelope | None = None

    @property
    def envelope(self) -> EventEnvelope:
        """The event without its data."""
        if self._envelope is None:
            self._envelope = EventEnvelope(self.type)
        return self._envelope


class _Context(NamedTuple):
    """The event that is being handled, how deep its handler is nested, and the collector of the unit of work."""

    event: PublishedEvent | None
    depth: int
    collect: Collector | None


_context: ContextVar[_Context] = ContextVar("events", default=_Context(None, 0, None))  # noqa: B039 - a tuple


def current_event() -> EventEnvelope | None:
    """Return the envelope of the event that is being handled, None outside a handler."""
    event = _context.get().event
    return event.envelope if event is not None else None


def current_depth() -> int:
    """Return how many handlers the current call is nested in; 0 outside a handler."""
    return _context.get().depth


def current_collector() -> Collector | None:
    """Return the collector of the open unit of work, None outside one."""
    return _context.get().collect


@contextmanager
def collecting(collect: Collector) -> Iterator[None]:
    """Pass events that are published in this block to `collect` instead of delivering them."""
    token = _context.set(_context.get()._replace(collect=collect))
    try:
        yield
    finally:
        _context.reset(token)


@contextmanager
def handling(event: PublishedEvent, depth: int) -> Iterator[None]:
    """Run this block as a handler of `event`, which was published at `depth`; nothing is collected."""
    token = _context.set(_Context(event, depth + 1, None))
    try:
        yield
    finally:
        _context.reset(token)


def is_too_deep(event_type: str, depth: int) -> bool:
    """Return whether handlers that publish events are nested too deeply, as in a cycle; if so, log it as an error."""
    if depth < MAX_DEPTH:
        return False
    _log.error("recursion_cut event=%s depth=%d", event_type, depth)
    return True
