"""A Redis channel that wakes the workers of an installation, on any machine; it carries no data."""

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

from clinic.core.errors import BadConfiguration
from clinic.core.logging.error_summary import error_name

TIMEOUT_SECONDS = 1
RECONNECT_SECONDS = 5
WARN_EVERY_SECONDS = 60

_log = logging.getLogger("clinic.worker")


class RedisSignal:
    """Sends and receives the signal that work is due; without Redis, workers find the work when they poll."""

    def __init__(self, url: str, channel: str) -> None:
        self._client = _client(url)
        self._channel = channel
        self._sending = Lock()
        self._warned_at = -float(WARN_EVERY_SECONDS)

    def send(self) -> None:
        """Wake the workers; the caller never waits for Redis, and a signal is skipped while one is being sent."""
        if self._sending.acquire(blocking=False):
            Thread(target=self._publish, name="redis-signal", daemon=True).start()

    def listen(self, wake: Callable[[], object]) -> None:
        """Call `wake` at each signal, from a thread that reconnects when the connection is lost."""
        Thread(target=self._receive_forever, args=(wake,), name="redis-signal", daemon=True).start()

    def _publish(self) -> None:
        try:
            self._client.publish(self._channel, "")
        except Exception as error:  # noqa: BLE001 - nothing may end this thread with a raw traceback
            self._warn("worker_not_woken", error)
        finally:
            self._sending.release()

    def _receive_forever(self, wake: Callable[[], object]) -> None:
        while True:
            try:
                self._receive(wake)
            except Exception as error:  # noqa: BLE001 - nothing may end this thread with a raw traceback
                self._warn("redis_not_reachable", error)
                time.sleep(RECONNECT_SECONDS)

    def _receive(self, wake: Callable[[], object]) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(self._channel)
            while True:
                if subscription.get_message(timeout=RECONNECT_SECONDS):
                    wake()

    def _warn(self, what: str, error: Exception) -> None:
        """Log an error of Redis, at most once a minute."""
        if time.monotonic() - self._warned_at >= WARN_EVERY_SECONDS:
            self._warned_at = time.monotonic()
            _log.warning("%s error=%s", what, error_name(error))


def _client(url: str) -> Any:
    try:
        import redis  # noqa: PLC0415 - it would take long in every process, and few use it
    except ImportError as missing:
        raise BadConfiguration("CLINIC_REDIS_URL is set, but redis is not installed: install .[redis]") from missing
    timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        return redis.Redis.from_url(url, health_check_interval=30, **timeouts)
    except ValueError as error:
        raise BadConfiguration("CLINIC_REDIS_URL is malformed: write it like redis://host:6379/0") from error
