"""Event handlers: checks, stored names, copies of the event's data, and the log of their errors."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import MethodType
from typing import Any

from clinic.core.logging.error_summary import error_name, traceback_summary

Handler = Callable[[dict[str, Any]], None]
"""A subscriber, called with one dict: its own copy of the event's data."""

_log = logging.getLogger("clinic.events")


def handler_name(handler: Handler) -> str | None:
    """Return the `module:Qualified.name` under which deliveries store a handler, None if it has no stable one.

    A bound method is named after the class of its object, so that two subclasses that inherit it have two names.
    """
    name, owner = getattr(handler, "__qualname__", None), handler
    if isinstance(handler, MethodType):
        owner = handler.__self__ if isinstance(handler.__self__, type) else type(handler.__self__)
        name = f"{owner.__qualname__}.{handler.__name__}"
    module = getattr(owner, "__module__", None)
    if not isinstance(name, str) or not isinstance(module, str) or "<" in name:
        return None
    return f"{module}:{name}"


def check_handler(handler: Handler) -> None:
    """Check that a handler can be called, and that the call runs it.

    :raises TypeError: if it is not callable, or a coroutine or generator function
    """
    if not callable(handler):
        raise TypeError(f"a handler is callable, {type(handler).__name__} is not")
    called = handler
    while isinstance(called, partial):
        called = called.func
    for function in (called, getattr(type(called), "__call__", None)):  # noqa: B004 - the function is wanted
        if iscoroutinefunction(function) or isgeneratorfunction(function) or isasyncgenfunction(function):
            raise TypeError("a coroutine or generator function would never run: subscribe a plain function")


def check_stored_name(handler: Handler, subscribed: Iterable[Handler]) -> None:
    """Check that no other handler of the event has the same stored name.

    Both would share one delivery, so that only one of them could be retried.

    :raises ValueError: naming the other handler
    """
    name = handler_name(handler)
    if name is not None and any(other != handler and handler_name(other) == name for other in subscribed):
        raise ValueError(f"another handler is stored as {name}: give one of them a name of its own")


def log_failure(event_type: str, handler: Handler, error: BaseException) -> None:
    """Log the error of a handler: its class and frames, not its message, which may name people."""
    _log.error(
        "handler_failed event=%s handler=%s error=%s frames=%s",
        event_type,
        handler_name(handler) or type(handler).__qualname__,
        error_name(error),
        traceback_summary(error),
    )


def choose_copier(data: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the fastest function that copies this data without sharing a dict or a list."""
    if any(isinstance(value, dict | list) for value in data.values()):
        return copy_nested
    return dict.copy


def copy_nested(value: Any) -> Any:
    """Return a copy of JSON values that shares no dict and no list with the original."""
    if isinstance(value, dict):
        return {key: copy_nested(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copy_nested(inner) for inner in value]
    return value
