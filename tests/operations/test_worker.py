"""The worker process: it finds what is due, finishes what it has begun, and survives a database that is away."""

import json
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from clinic.core import work_queue
from clinic.core.logging.repeat_filter import RepeatFilter
from clinic.operations import worker
from tests.assertions import rows
from tests.builders import a_patient
from tests.fixtures import Here
from tests.script_processes import Started, start_command
from tests.smtp_server import Mailbox, free_port

Start = Callable[..., Started]


class StoppingMailbox(Mailbox):
    """A mail server that signals the worker before it accepts a mail."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self.number = number
        self.worker: Started | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        assert self.worker
        self.worker.send_signal(self.number)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def start(app: Flask, tmp_path: Path) -> Iterator[Start]:
    """Start a worker on the test's database, as a process of its own."""
    workers: list[Started] = []

    def run(**settings: str) -> Started:
        environment = {
            **os.environ,
            "CLINIC_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
            "CLINIC_INSTANCE_PATH": str(tmp_path),
            **settings,
        }
        workers.append(start_command("worker", environment=environment, log=tmp_path / "worker.log"))
        return workers[-1]

    yield run
    for started in workers:
        started.kill()


def read_until(lines: Iterator[str], text: str) -> list[str]:
    """Return the lines up to the first with a text."""
    found = []
    for line in lines:
        found.append(line)
        if text in line:
            return found
    pytest.fail(f"the worker ended without a line with {text}")


@pytest.mark.slow
def test_a_running_worker_sends_what_is_queued_and_ends_at_sigterm(
    app: Flask, here: Here, start: Start, tmp_path: Path
) -> None:
    process = start()
    with here():
        a_patient()

    read_until(process.lines(), "mail_sent table=notifications")
    process.send_signal(signal.SIGTERM)

    assert process.wait(30).returncode == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert [row["state"] for row in rows(app, "notifications")] == ["sent"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_stopped_finishes_the_mail_that_it_sends_and_begins_no_other(
    app: Flask, here: Here, start: Start, number: signal.Signals
) -> None:
    with here():
        a_patient()
        a_patient()
    stopping = StoppingMailbox(number)
    controller = Controller(stopping, hostname="127.0.0.1", port=free_port())
    controller.start()

    stopping.worker = start(CLINIC_SMTP_URL=f"smtp://127.0.0.1:{controller.port}")

    assert stopping.worker.wait(60).returncode == 0
    controller.stop()
    assert [row["state"] for row in rows(app, "notifications")] == ["sent", "queued"]


@pytest.mark.slow
def test_redis_that_is_away_keeps_nothing_from_being_sent(app: Flask, here: Here, start: Start, tmp_path: Path) -> None:
    with here():
        a_patient()

    process = start(CLINIC_REDIS_URL="redis://127.0.0.1:1")

    read_until(process.lines(), "mail_sent table=notifications")


class OwnRedis:
    """A Redis server of the test's own, which can be stopped and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = OwnRedis()
    yield server
    server.stop()


@pytest.mark.slow
def test_mail_is_sent_while_redis_runs_hangs_is_stopped_and_is_back(
    app: Flask, here: Here, start: Start, own_redis: OwnRedis
) -> None:
    process = start(CLINIC_REDIS_URL=own_redis.url)
    lines = process.lines()
    logged = [next(lines)]

    for disturb in (lambda: None, own_redis.hang, own_redis.stop, own_redis.start):
        disturb()
        with here():
            a_patient()
        logged += read_until(lines, "mail_sent table=notifications")
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    logged += lines

    assert [row["state"] for row in rows(app, "notifications")] == ["sent"] * 4
    errors = [one["message"] for one in map(json.loads, logged[1:]) if one["level"] != "info"]
    assert sorted(errors) == sorted(set(errors))
    assert any(error.startswith("redis_not_reachable") for error in errors)


@pytest.mark.expects_failing_handler
def test_an_error_while_polling_is_logged_and_the_worker_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> bool:
        raise RuntimeError("Inês")

    monkeypatch.setattr(worker, "is_work_due", fail)

    assert worker._is_due(app) is False
    assert "poll_failed error=RuntimeError" in caplog.text
    assert "Inês" not in caplog.text


def test_every_job_runs_once_a_minute_even_if_nothing_is_due(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, runs = [0.0], [0]

    def wait(_wakes: object) -> None:
        clock[0] += worker.POLL_SECONDS
        if clock[0] > 2 * worker.RUN_ALL_SECONDS:
            work_queue.stop_claiming(app)

    monkeypatch.setitem(app.extensions, work_queue._STOPPING, False)
    monkeypatch.setattr("clinic.operations.worker.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(worker, "_stop_on_signals", lambda *_: None)
    monkeypatch.setattr(worker, "is_work_due", lambda: False)
    monkeypatch.setattr(worker, "run_due_jobs", lambda longest: runs.append(1))
    monkeypatch.setattr(worker, "_wait", wait)

    with app.app_context():
        worker._run_until_stopped(app)

    assert len(runs) - 1 == 3


def test_the_same_error_is_logged_once_a_minute() -> None:
    repeats = RepeatFilter()

    def passes(message: str, at: float, level: int = logging.ERROR) -> bool:
        record = logging.LogRecord("clinic.worker", level, "", 0, message, (), None)
        record.created = at
        return repeats.filter(record)

    assert [passes("poll_failed", at) for at in (0, 1, 59, 60, 61)] == [True, False, False, True, False]
    assert passes("job_failed", 61)
    assert [passes("mail_sent", 62, logging.INFO) for _ in range(2)] == [True, True]
