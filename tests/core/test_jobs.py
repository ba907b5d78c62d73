"""The carrier of background work: a tick on a file or on Redis, and a lost one costs nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from huey.api import Huey
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis

from clinic import create_app
from clinic.core import jobs
from clinic.core.jobs import queue_of, run_due_jobs, wake_worker
from clinic.core.modules import BaseModule, PeriodicJob

REDIS = os.environ.get("CLINIC_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def installation(instance: Path, name: str, **config: Any) -> Flask:
    url = f"sqlite:///{instance / name}.db"
    return create_app({"INSTANCE_PATH": instance, "SQLALCHEMY_DATABASE_URI": url, **config})


@pytest.fixture(params=["file", "redis"])
def carriers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Huey, Flask]]:
    """An installation's carrier, and another installation on the same machine and server."""
    config: dict[str, Any] = {}
    if request.param == "redis":
        server = Redis.from_url(REDIS)
        try:
            server.ping()
        except NoRedis:
            if os.environ.get("CLINIC_REQUIRE_REDIS") == "1":
                pytest.fail("no Redis server answers, and CLINIC_REQUIRE_REDIS=1 asks for one")
            pytest.skip("no Redis server answers: set CLINIC_TEST_REDIS_URL to test on one")
        finally:
            server.close()
        config = {"REDIS_URL": REDIS}
    app, other = installation(tmp_path, "one", **config), installation(tmp_path, "two", **config)
    mine, theirs = queue_of(app), queue_of(other)
    mine.flush()
    theirs.flush()
    with app.app_context():
        wake_worker()
    yield theirs, app
    mine.flush()
    for carrier in (mine, theirs):
        carrier.storage.close() if request.param == "file" else carrier.storage.pool.disconnect()


def test_a_tick_reaches_the_worker_of_its_own_installation_only(
    carriers: tuple[Huey, Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, app = carriers
    worked: list[int] = []
    monkeypatch.setattr(jobs, "run_due_jobs", lambda: worked.append(1))

    nothing, tick = theirs.dequeue(), queue_of(app).dequeue()
    queue_of(app).execute(tick)

    assert nothing is None
    assert worked == [1]
    assert queue_of(app).dequeue() is None


def test_a_request_does_not_fail_for_want_of_a_carrier(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise NoRedis("10.0.0.7 is away")

    monkeypatch.setattr(queue_of(app), "enqueue", away)
    with app.app_context():
        wake_worker()

    assert "worker_not_woken error=redis.exceptions.ConnectionError" in caplog.text
    assert "10.0.0.7" not in caplog.text


class Jobs(BaseModule):
    """A module with one job that finds something three times, and one that always fails."""

    def __init__(self) -> None:
        self.left = 3

    def get_periodic_jobs(self) -> list[PeriodicJob]:
        return [PeriodicJob("burns", self.burn), PeriodicJob("works", self.work)]

    def burn(self) -> int:
        raise RuntimeError("Inês")

    def work(self) -> int:
        self.left -= 1
        return max(self.left + 1, 0) and 1


@pytest.mark.expects_failing_handler
def test_all_that_is_due_is_done_and_a_job_that_fails_keeps_no_other_from_running(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "registered_modules", lambda: [Jobs()])

    with app.app_context():
        done = run_due_jobs()

    assert done == 3
    assert "job_failed job=burns error=RuntimeError" in caplog.text
    assert "Inês" not in caplog.text


@pytest.mark.expects_failing_handler
def test_a_worker_that_runs_once_fails_if_a_job_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "registered_modules", lambda: [Jobs()])

    result = app.test_cli_runner().invoke(args=["worker", "--once"])

    assert result.exit_code == 1
    assert "3 done\nError: burns failed, the log shows why" in result.stderr
