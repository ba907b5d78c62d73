"""The Redis channel that wakes workers: it reaches its own installation, and nothing waits for it."""

import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, get_ident
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis

from clinic import create_app
from clinic.core import jobs
from clinic.core.jobs import on_wake, wake_worker
from clinic.core.redis_signal import RedisSignal
from tests.smtp_server import free_port

REDIS = os.environ.get("CLINIC_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
PATIENCE = 30
"""Seconds after which a test gives up."""


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis.from_url(REDIS)
    try:
        server.ping()
    except NoRedis:
        if os.environ.get("CLINIC_REQUIRE_REDIS") == "1":
            pytest.fail("no Redis server answers, and CLINIC_REQUIRE_REDIS=1 asks for one")
        pytest.skip("no Redis server answers: set CLINIC_TEST_REDIS_URL to test on one")
    yield server
    server.close()


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that accepts connections and never answers, as a stopped Redis process does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


def installation(instance: Path, name: str, **config: Any) -> Flask:
    url = f"sqlite:///{instance / name}.db"
    return create_app({"INSTANCE_PATH": instance, "SQLALCHEMY_DATABASE_URI": url, **config})


def wait_for_subscribers(redis: Redis, channel: str) -> None:
    waiting = Event()
    for _ in range(PATIENCE * 20):
        if dict(redis.pubsub_numsub(channel)).get(channel.encode()):
            return
        waiting.wait(0.05)
    pytest.fail("nobody has subscribed")


def test_a_signal_wakes_the_workers_of_its_own_installation_only(redis: Redis, tmp_path: Path) -> None:
    names = [f"clinic{uuid4().hex}" for _ in range(2)]  # other runs of the tests may use the same Redis
    mine, theirs = (installation(tmp_path, name, REDIS_URL=REDIS) for name in names)
    wakes: SimpleQueue[str] = SimpleQueue()
    for app, name in ((mine, "mine"), (theirs, "theirs")):
        with app.app_context():
            on_wake(partial(wakes.put, name))
    for name in names:
        wait_for_subscribers(redis, f"clinic:{name}")

    with mine.app_context():
        wake_worker()

    assert wakes.get(timeout=PATIENCE) == "mine"
    with pytest.raises(Empty):
        wakes.get(timeout=0.2)


def test_a_request_does_not_wait_for_a_redis_that_does_not_answer(silent_server: str) -> None:
    signal = RedisSignal(silent_server, "clinic:test")

    signal.send()
    signal.send()

    assert signal._sending.locked()  # the answer is still waited for, in another thread


def test_a_redis_that_is_away_is_logged_once_a_minute_without_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    signal = RedisSignal(f"redis://127.0.0.1:{free_port()}", "clinic:test")

    for _ in range(3):
        assert signal._sending.acquire(timeout=PATIENCE)
        signal._publish()

    lines = [record.getMessage() for record in caplog.records if record.thread == get_ident()]
    assert lines == ["worker_not_woken error=redis.exceptions.ConnectionError"]


def test_a_signal_is_sent_after_the_commit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    signal = RedisSignal("redis://127.0.0.1", "clinic:test")
    monkeypatch.setattr(signal, "send", lambda: sent.append(1))
    monkeypatch.setitem(app.extensions, jobs._SIGNAL, signal)

    with app.app_context():
        wake_worker()

    assert sent == [1]
