"""Background jobs: which are due, in which order they run, and that one that fails stops no other."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update

from clinic.core import jobs
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.events.models import Delivery
from clinic.core.jobs import is_work_due, run_due_jobs, wake_worker
from clinic.core.modules import BaseModule, PeriodicJob
from clinic.core.unit_of_work import unit_of_work
from tests.builders import a_patient
from tests.databases import on_sqlite_only
from tests.fixtures import Here


class Jobs(BaseModule):
    """A module with one job that always fails, and one that finds something three times."""

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


def test_a_job_whose_time_is_over_is_run_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Jobs()
    monkeypatch.setattr(module, "get_periodic_jobs", lambda: [PeriodicJob("works", module.work)] * 2)
    monkeypatch.setattr(jobs, "registered_modules", lambda: [module])

    with app.app_context():
        done = run_due_jobs(longest=0)

    assert (done, module.left) == (2, 1)


def test_a_worker_that_shuts_down_begins_no_further_job(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Jobs()
    monkeypatch.setattr(jobs, "registered_modules", lambda: [module])
    monkeypatch.setattr(jobs, "is_stopping", lambda: True)

    with app.app_context():
        done = run_due_jobs()

    assert (done, module.left) == (0, 3)


def test_without_redis_waking_does_nothing(app: Flask) -> None:
    with app.app_context():
        wake_worker()


def test_work_is_due_when_a_message_waits_in_any_clinic(app: Flask, here: Here) -> None:
    with app.app_context():
        before = is_work_due()
    with here():
        a_patient()

    with app.app_context():
        assert (before, is_work_due()) == (False, True)


def test_work_is_due_when_a_delivery_was_left(app: Flask, here: Here) -> None:
    with here():
        a_patient(email=None)
        with unit_of_work():
            db.session.execute(update(Delivery).values(state="retrying", next_attempt_at=now()))

    with app.app_context():
        assert is_work_due()


@on_sqlite_only
def test_a_poll_is_one_indexed_query_for_each_queue(app: Flask, clinic: object) -> None:
    queries: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            queries.append((statement, parameters))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        is_work_due()
        event.remove(db.engine, "before_cursor_execute", note)
        with db.engine.connect() as connection:
            explained = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in queries]
            plans = [str(plan.all()) for plan in explained]

    first = ("ix_deliveries_due", "ix_notifications_due", "ix_test_mails_due")
    indexes = (*first, "ix_duplicate_checks_due", "ix_staff_letters_due")
    assert [index in plan for index, plan in zip(indexes, plans, strict=True)] == [True] * 5


@pytest.mark.expects_failing_handler
def test_a_worker_that_runs_once_fails_if_a_job_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "registered_modules", lambda: [Jobs()])

    result = app.test_cli_runner().invoke(args=["worker", "--once"])

    assert result.exit_code == 1
    assert "3 done\nError: burns failed, the log shows why" in result.stderr
