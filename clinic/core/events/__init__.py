"""The event bus: modules tell each other what happened, by name."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from threading import RLock
from types import BuiltinMethodType, MethodWrapperType
from typing import Any, cast

from blinker import Signal

from clinic.core.logging.error_summary import error_name, traceback_summary

Handler = Callable[[dict[str, Any]], None]
"""What listens: called with one dict, its own copy of the event's data."""

Collector = Callable[[str, dict[str, Any]], None]

MAX_DEPTH = 16
"""A publish inside a handler inside a publish … is cut here."""

_log = logging.getLogger("clinic.events")
_collector: ContextVar[Collector | None] = ContextVar("collector", default=None)
_depth: ContextVar[int] = ContextVar("depth", default=0)


class _EventSignal(Signal):
    """A blinker signal that keeps its receivers ready in the order of subscription."""

    handlers: tuple[Handler, ...] = ()

    def rebuild(self) -> None:
        """Renew the tuple that a publish iterates; one that is under way keeps the old one."""
        self.handlers = tuple(cast("dict[Any, Handler]", self.receivers).values())


class EventBus:
    """Publish and subscribe by event name; synchronous, in order, errors kept apart."""

    def __init__(self) -> None:
        self._signals: dict[str, _EventSignal] = {}
        self._lock = RLock()

    def subscribe(self, event_type: str, handler: Handler) -> None:
        """Call `handler` with the data of every later `event_type`; a second time changes nothing.

        :raises TypeError: if the name is no string or the handler can't be called synchronously
        :raises ValueError: if the name is empty
        """
        _check_name(event_type)
        _check_handler(handler)
        with self._lock:
            signal = self._signals.setdefault(event_type, _EventSignal())
            signal.connect(_as_subscribed(signal, handler), weak=False)
            signal.rebuild()

    def unsubscribe(self, event_type: str, handler: Handler) -> None:
        """Stop calling `handler` for `event_type`; an unknown name or handler is no error."""
        with self._lock:
            if signal := self._signals.get(event_type):
                signal.disconnect(_as_subscribed(signal, handler))
                signal.rebuild()

    def publish(self, event_type: str, data: dict[str, Any]) -> None:
        """Tell every handler at once or, inside a unit of work, once it has been committed.

        :raises TypeError: if the name is no string or the data no dict
        :raises ValueError: if the name is empty
        """
        _check_name(event_type)
        if not isinstance(data, dict):
            raise TypeError(f"the data of an event is a dict, not {type(data).__name__}")
        collect = _collector.get()
        if collect is None:
            self.deliver(event_type, data)
        else:
            collect(event_type, data)

    def clear(self) -> None:
        """Forget every handler of every event."""
        with self._lock:
            self._signals.clear()

    def handlers(self, event_type: str) -> tuple[Handler, ...]:
        """Return who listens to `event_type` now, in the order of subscription."""
        signal = self._signals.get(event_type)
        return signal.handlers if signal is not None else ()

    def deliver(self, event_type: str, data: dict[str, Any]) -> None:
        """Run the handlers now, each with its own copy; what one raises reaches nobody else."""
        self.announce(event_type, data)
        depth = _depth.get()
        if is_too_deep(event_type, depth):
            return
        own = _copier(data)
        token = _depth.set(depth + 1)
        try:
            for handler in self.handlers(event_type):
                try:
                    handler(own(data))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # noqa: BLE001 - sys.exit() in a handler must not end the request
                    log_failure(event_type, handler, error)
        finally:
            _depth.reset(token)

    def announce(self, event_type: str, data: dict[str, Any]) -> None:
        """Log that an event was published: its name and keys, never a value."""
        if _log.isEnabledFor(logging.INFO):
            _log.info("published event=%s keys=%s", event_type, ",".join(map(str, data)))


event_bus = EventBus()
"""The one bus of the process."""


@contextmanager
def collecting(collect: Collector) -> Iterator[None]:
    """Give what is published meanwhile to `collect` instead of delivering it."""
    token = _collector.set(collect)
    try:
        yield
    finally:
        _collector.reset(token)


@contextmanager
def at_depth(depth: int) -> Iterator[None]:
    """Run as the handler of an event that was itself published at `depth`, collecting nothing."""
    depth_token, collector_token = _depth.set(depth + 1), _collector.set(None)
    try:
        yield
    finally:
        _collector.reset(collector_token)
        _depth.reset(depth_token)


def current_depth() -> int:
    """Return how many handlers deep the present call is; 0 outside of any."""
    return _depth.get()


def is_too_deep(event_type: str, depth: int) -> bool:
    """Say, and log as an error, that handlers publish in a circle."""
    if depth < MAX_DEPTH:
        return False
    _log.error("recursion_cut event=%s depth=%d", event_type, depth)
    return True


def handler_name(handler: Handler) -> str | None:
    """Return the `module:Qualified.name` under which a handler is known, None if it has no stable one."""
    name = getattr(handler, "__qualname__", None)
    module = getattr(handler, "__module__", None)
    if not isinstance(name, str) or not isinstance(module, str) or "<" in name:
        return None
    return f"{module}:{name}"


def log_failure(event_type: str, handler: Handler, error: BaseException) -> None:
    """Log a failed handler with the class and frames of its error; never its words, which may name people."""
    _log.error(
        "handler_failed event=%s handler=%s error=%s frames=%s",
        event_type,
        handler_name(handler) or type(handler).__qualname__,
        error_name(error),
        traceback_summary(error),
    )


def _check_name(event_type: str) -> None:
    if not isinstance(event_type, str):
        raise TypeError(f"an event name is a str, not {type(event_type).__name__}")
    if not event_type:
        raise ValueError("an event name is not empty")


def _check_handler(handler: Handler) -> None:
    if not callable(handler):
        raise TypeError(f"a handler is callable, {type(handler).__name__} is not")
    called = handler
    while isinstance(called, partial):
        called = called.func
    for function in (called, getattr(type(called), "__call__", None)):  # noqa: B004 - the function is wanted
        if iscoroutinefunction(function) or isgeneratorfunction(function) or isasyncgenfunction(function):
            raise TypeError("a coroutine or generator function would never run: subscribe a plain function")


def _as_subscribed(signal: _EventSignal, handler: Handler) -> Handler:
    """Return the object under which a handler is known already.

    Each look at `list.append` of one list gives a new object, which blinker would take for another receiver.
    """
    if isinstance(handler, BuiltinMethodType | MethodWrapperType):
        return next((known for known in signal.handlers if known == handler), handler)
    return handler


def copied(data: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data for one handler alone."""
    return _copier(data)(data)


def _copier(data: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Choose the cheapest copy that shares nothing that can be changed."""
    if any(isinstance(value, dict | list) for value in data.values()):
        return _copy_nested
    return dict.copy


def _copy_nested(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy_nested(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copy_nested(inner) for inner in value]
    return value
