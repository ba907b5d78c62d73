"""Values that a process reads at most every few seconds, so that pages need no statement for them."""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from clinic.core.tenancy import current_clinic_id_or_none

Value = TypeVar("Value")

SETTINGS_SECONDS = 2
"""How old a clinic's settings can be within `recent_settings`."""


class RecentValues(Generic[Value]):
    """Values by key, each as this process read it in the last seconds, whatever the clock says."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known: dict[Hashable, tuple[float, Value]] = {}

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """Return a value, read anew if it is too old or was never set."""
        known = self._known.get(key)
        if known is None or time.monotonic() - known[0] >= self._seconds:
            return self.set(key, read())
        return known[1]

    def knows(self, key: Hashable) -> bool:
        """Return whether a value was ever read or set."""
        return key in self._known

    def set(self, key: Hashable, value: Value) -> Value:
        """Keep a value as read now, and return it."""
        self._known[key] = (time.monotonic(), value)
        return value

    def clear(self) -> None:
        """Read all values anew when they are asked for next."""
        self._known.clear()


_settings: ContextVar[RecentValues[Any] | None] = ContextVar("settings", default=None)


@contextmanager
def recent_settings() -> Iterator[None]:
    """Read the settings of clinics every two seconds only within a block, whose work repeats."""
    token = _settings.set(RecentValues(SETTINGS_SECONDS))
    try:
        yield
    finally:
        _settings.reset(token)


def has_recent_settings() -> bool:
    """Return whether this is within `recent_settings`."""
    return _settings.get() is not None


def read_setting(key: Hashable, read: Callable[[], Value]) -> Value:
    """Return a setting of the current clinic by its key: read now or, within `recent_settings`, a moment ago."""
    known = _settings.get()
    if known is None:
        return read()
    value: Value = known.get((current_clinic_id_or_none(), key), read)
    return value
