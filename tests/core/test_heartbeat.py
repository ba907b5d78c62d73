"""Workers record that they run; when none was seen for some minutes, it is known since when."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.core.heartbeat import Heartbeat, worker_status, workers

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_without_a_worker_nothing_was_ever_seen(clock):
    assert (worker_status().is_running, worker_status().seen_at) == (False, None)


@pytest.mark.both_databases
def test_a_worker_that_is_seen_every_minute_runs(clock):
    heartbeat = Heartbeat()
    heartbeat.beat()
    clock.shift(timedelta(minutes=1))
    heartbeat.beat()

    assert worker_status().is_running
    assert [(one.started_at, one.seen_at) for one in workers()] == [(NOON, NOON + timedelta(minutes=1))]


def test_a_worker_that_was_killed_is_missed_after_some_minutes(clock):
    Heartbeat().beat()
    clock.shift(timedelta(minutes=6))

    assert not worker_status().is_running
    assert worker_status().seen_at == NOON


def test_one_worker_of_two_that_stops_is_forgotten_and_the_last_one_is_remembered(clock):
    first, last = Heartbeat(), Heartbeat()
    first.beat()
    last.beat()

    first.stop()
    assert len(workers()) == 1
    last.stop()

    assert worker_status().seen_at == NOON


def test_a_clock_that_was_a_day_fast_hides_no_worker_that_is_missing(clock):
    clock.shift(timedelta(days=1))
    Heartbeat().beat()
    clock.move_to(NOON)

    assert not worker_status().is_running
