"""Values that a process reads at most every few seconds, so that pages need no statement for them."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


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
