"""Every page shows, to those who see messages, that no worker runs; knowing it takes no statement more."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.core import heartbeat
from clinic.core.clock import now
from clinic.core.heartbeat import Heartbeat, WorkerStatus
from clinic.core.recent import RecentValues
from tests.statements import counted_statements


@pytest.fixture
def rereads(app, monkeypatch):
    """Let a process read at once whether a worker runs, not after half a minute."""
    recent: RecentValues[WorkerStatus | None] = RecentValues(0)
    recent.set(heartbeat._RECENT, None)
    monkeypatch.setitem(app.extensions, heartbeat._RECENT, recent)


def run_worker(app, ago):
    with app.app_context(), time_machine.travel(now() - ago, tick=False):
        Heartbeat().beat()


@pytest.fixture
def noon(app):
    """Noon, since what happened two hours ago did not always happen today."""
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC)):
        yield


def test_a_worker_that_has_died_is_missed_on_every_page(app, noon, client, rereads):
    run_worker(app, timedelta(hours=2))

    assert "The worker has not run since today 10:00: nothing" in client.get("/patients").text.replace("\n", " ")


def test_without_any_worker_that_is_shown_without_a_time(client, rereads):
    assert "No worker runs: nothing is sent." in client.get("/patients").text


@pytest.mark.slow
def test_a_worker_that_runs_is_not_mentioned(app, client, rereads):
    run_worker(app, timedelta(minutes=1))

    assert "nothing is sent" not in client.get("/patients").text


def test_who_may_not_see_messages_is_not_told(client, become, rereads):
    become("manager", "notifications:read")

    assert "nothing is sent" not in client.get("/patients").text


@pytest.mark.slow
def test_a_process_reads_it_seldom(app, client):
    client.get("/patients")

    with counted_statements(app) as statements:
        client.get("/patients")

    assert not [one for one in statements if "worker_heartbeats" in one]
