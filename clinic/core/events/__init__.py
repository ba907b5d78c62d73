"""The event bus: modules publish events by name, other modules subscribe to them."""

import logging
from threading import RLock
from types import BuiltinMethodType, MethodWrapperType
from typing import Any, cast

from blinker import Signal

from clinic.core.events.context import (
    EventEnvelope,
    UnstoredEvent,
    current_collector,
    current_depth,
    current_event,
    handling,
    is_too_deep,
)
from clinic.core.events.handlers import (
    Handler,
    check_handler,
    check_stored_name,
    choose_copier,
    handler_name,
    log_failure,
)

_log = logging.getLogger("clinic.events")


class _EventSignal(Signal):
    """A blinker signal that keeps a tuple of its receivers in the order of subscription."""

    handlers: tuple[Handler, ...] = ()

    def rebuild(self) -> None:
        """Replace the tuple that a publish iterates; a running publish iterates the old one."""
        self.handlers = tuple(cast("dict[Any, Handler]", self.receivers).values())


class EventBus:
    """Publish and subscribe by event name: synchronous, in order, with the handlers' errors isolated."""

    def __init__(self) -> None:
        self._signals: dict[str, _EventSignal] = {}
        self._lock = RLock()

    def subscribe(self, event_type: str, handler: Handler) -> None:
        """Call `handler` with the data of every later `event_type`; subscribing it again changes nothing.

        :raises TypeError: if the name is no string or the handler can't be called synchronously
        :raises ValueError: if the name is empty, or another handler of the event is stored under the same name
        """
        _check_name(event_type)
        check_handler(handler)
        with self._lock:
            signal = self._signals.setdefault(event_type, _EventSignal())
            check_stored_name(handler, signal.handlers)
            signal.connect(_as_subscribed(signal, handler), weak=False)
            signal.rebuild()

    def unsubscribe(self, event_type: str, handler: Handler) -> None:
        """Stop calling `handler` for `event_type`; an unknown name or handler is ignored."""
        with self._lock:
            if signal := self._signals.get(event_type):
                signal.disconnect(_as_subscribed(signal, handler))
                signal.rebuild()

    def publish(self, event_type: str, data: dict[str, Any]) -> None:
        """Run every handler at once or, inside a unit of work, after its commit.

        :raises TypeError: if the name is no string or the data no dict
        :raises ValueError: if the name is empty
        """
        _check_name(event_type)
        if not isinstance(data, dict):
            raise TypeError(f"the data of an event is a dict, not {type(data).__name__}")
        collect = current_collector()
        if collect is None:
            self.deliver(event_type, data)
        else:
            collect(event_type, data)

    def clear(self) -> None:
        """Unsubscribe every handler of every event."""
        with self._lock:
            self._signals.clear()

    def handlers(self, event_type: str) -> tuple[Handler, ...]:
        """Return the current handlers of `event_type` in the order of subscription."""
        signal = self._signals.get(event_type)
        return signal.handlers if signal is not None else ()

    def deliver(self, event_type: str, data: dict[str, Any]) -> None:
        """Run the handlers now, each with its own copy; an error in one is logged and does not stop the others."""
        self.log_published(event_type, data)
        depth = current_depth()
        if is_too_deep(event_type, depth):
            return
        copy = choose_copier(data)
        with handling(UnstoredEvent(event_type), depth):
            for handler in self.handlers(event_type):
                try:
                    handler(copy(data))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # noqa: BLE001 - sys.exit() in a handler must not end the request
                    log_failure(event_type, handler, error)

    def log_published(self, event_type: str, data: dict[str, Any]) -> None:
        """Log the name and keys of a published event, never a value."""
        if _log.isEnabledFor(logging.INFO):
            _log.info("published event=%s keys=%s", event_type, ",".join(map(str, data)))


event_bus = EventBus()
"""The event bus of the process."""


def _check_name(event_type: str) -> None:
    if not isinstance(event_type, str):
        raise TypeError(f"an event name is a str, not {type(event_type).__name__}")
    if not event_type:
        raise ValueError("an event name is not empty")


def _as_subscribed(signal: _EventSignal, handler: Handler) -> Handler:
    """Return the subscribed object that equals `handler`, if there is one.

    Every access to `list.append` of one list gives a new object, which blinker would take for another receiver.
    """
    if isinstance(handler, BuiltinMethodType | MethodWrapperType):
        return next((known for known in signal.handlers if known == handler), handler)
    return handler


__all__ = ["EventBus", "EventEnvelope", "Handler", "current_event", "event_bus", "handler_name"]
