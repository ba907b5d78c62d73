"""Rate limits: exact with concurrent processes, without leftovers."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event

from clinic.core.db import db
from clinic.core.jobs import run_due_jobs
from clinic.core.rate_limit import Bucket, Limit, forget_expired, hit, hit_all, refund
from clinic.core.tenancy import current_clinic_id_or_none
from tests.assertions import rows
from tests.concurrency import run_at_once
from tests.databases import on_postgresql_only

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
THREE_A_MINUTE = Limit(3, 60)
PLENTY = Limit(1000, 60)


@pytest.fixture(autouse=True)
def outside(app):
    """An application without a current clinic."""
    with app.app_context():
        yield


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def counts(app) -> list[int]:
    return [row["count"] for row in rows(app, "throttles")]


def test_attempts_are_counted_without_a_current_clinic():
    assert current_clinic_id_or_none() is None

    assert hit("account:ada@example.org", THREE_A_MINUTE) == 0


@pytest.mark.both_databases
@pytest.mark.row(2)
def test_an_attempt_above_the_limit_returns_the_seconds_to_wait(clock):
    allowed = [hit("account:ada", THREE_A_MINUTE) for _ in range(3)]
    clock.shift(timedelta(seconds=20.5))
    refused = hit("account:ada", THREE_A_MINUTE)

    assert allowed == [0, 0, 0]
    assert refused == 40


def test_a_name_has_a_bucket_of_its_own(clock):
    for _ in range(4):
        hit("account:ada", THREE_A_MINUTE)

    assert hit("account:bob", THREE_A_MINUTE) == 0


def test_refused_attempts_neither_count_nor_lengthen_the_wait(app, clock):
    for _ in range(3):
        hit("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=59))
    waits = [hit("account:ada", THREE_A_MINUTE) for _ in range(5)]

    assert waits == [1, 1, 1, 1, 1]
    assert counts(app) == [3]


def test_refused_attempts_write_nothing(clock):
    for _ in range(3):
        hit("account:ada", THREE_A_MINUTE)
    statements: list[str] = []

    def note(*told) -> None:
        statements.append(told[2].partition("\n")[0])

    event.listen(db.engine, "before_cursor_execute", note)
    hit("account:ada", THREE_A_MINUTE)
    event.remove(db.engine, "before_cursor_execute", note)

    assert [words for words in statements if words != "BEGIN" and not words.startswith("SELECT")] == []
    assert len(statements) in {1, 2}


def test_a_window_that_is_over_begins_anew(app, clock):
    for _ in range(4):
        hit("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=60))

    assert [hit("account:ada", THREE_A_MINUTE) for _ in range(4)] == [0, 0, 0, 60]
    assert counts(app) == [3]


@pytest.mark.row(85)
def test_a_clock_that_was_set_back_locks_nobody_out(clock):
    for _ in range(4):
        hit("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(hours=-1))

    assert hit("account:ada", THREE_A_MINUTE) == 0


def test_a_clock_of_another_machine_that_is_behind_begins_no_window_anew(clock):
    for _ in range(3):
        hit("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=-10))

    assert hit("account:ada", THREE_A_MINUTE) == 70


def test_nothing_is_allowed_where_the_limit_is_nothing():
    assert hit("account:ada", Limit(0, 60)) > 0


@pytest.mark.both_databases
@pytest.mark.row(2)
def test_of_concurrent_attempts_exactly_as_many_pass_as_are_allowed(app, clinic):
    waits: list[int] = []

    outcomes = run_at_once(app, clinic.id, 12, lambda _: waits.append(hit("account:ada", Limit(5, 600))))

    assert outcomes == [None] * 12
    assert waits.count(0) == 5
    assert counts(app) == [5]


@pytest.mark.row(2)
def test_who_is_stopped_at_one_limit_charges_no_other(app, clock):
    stranger, account = ("address:203.0.113.9", Limit(2, 60)), ("account:ada", Limit(10, 300))
    allowed = [hit_all([account, stranger]) for _ in range(2)]

    waits = [hit_all([account, stranger]) for _ in range(20)]

    assert allowed == [0, 0]
    assert set(waits) == {60}
    assert counts(app) == [2, 2]
    assert hit_all([account, ("address:198.51.100.4", Limit(2, 60))]) == 0


def test_the_longest_wait_is_returned(clock):
    buckets = [("address:a", Limit(1, 60)), ("account:ada", Limit(1, 300))]
    hit_all(buckets)

    assert hit_all(buckets) == 300
    assert hit_all(buckets[:1]) == 60


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_bucket_that_is_filled_by_another_at_the_last_moment_gives_the_rest_back(app, clinic):
    together = [("shared", Limit(4, 600)), ("own", PLENTY)]
    waits: list[int] = []

    run_at_once(app, clinic.id, 10, lambda _: waits.append(hit_all(together)))

    assert waits.count(0) == 4
    assert counts(app) == [4, 4]


@pytest.mark.slow
def test_buckets_named_in_any_order_do_not_lock_each_other_out(app, clinic):
    there = [(f"bucket:{number}", PLENTY) for number in range(4)]
    back = there[::-1]

    outcomes = run_at_once(
        app, clinic.id, 6, lambda number: [hit_all(there if number % 2 else back) for _ in range(15)]
    )

    assert outcomes == [None] * 6
    assert counts(app) == [90] * 4


def test_a_success_takes_its_try_back(app):
    hit_all([("account:ada", PLENTY), ("address:a", PLENTY)])
    hit("account:ada", PLENTY)

    refund("account:ada", "address:a")

    assert sorted(counts(app)) == [0, 1]


def test_a_refund_gives_no_attempts_in_advance(app):
    hit("account:ada", PLENTY)

    for _ in range(3):
        refund("account:ada")
    refund("account:never-seen")

    assert counts(app) == [0]


def test_neither_names_nor_what_can_be_worked_out_from_them_are_stored(app):
    name = "account:ada@example.org"
    hit(name, PLENTY)

    [row] = rows(app, "throttles")
    assert "ada" not in str(row)
    assert row["key"] != hashlib.sha256(name.encode()).hexdigest()
    assert len(row["key"]) == 64


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("name", ["", "\x00", "\ud800", "é" * 100_000])
def test_any_name_can_be_counted(name):
    assert [hit(name, Limit(1, 60)) > 0 for _ in range(2)] == [False, True]


@pytest.mark.slow
@pytest.mark.row(3)
def test_names_that_are_never_seen_again_leave_nothing_behind(app, clock):
    for number in range(30):
        hit(f"account:{number}", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=30))
    hit("account:later", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=31))

    hit("account:last", THREE_A_MINUTE)

    assert len(rows(app, "throttles")) == 2


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.row(3)
def test_the_worker_sweeps_what_is_over_and_nothing_else(app, clock):
    for number in range(5):
        hit(f"account:{number}", THREE_A_MINUTE)
    hit("account:long", Limit(3, 3600))
    clock.shift(timedelta(seconds=60))

    run_due_jobs()

    assert counts(app) == [1]
    assert forget_expired() == 0


@pytest.mark.both_databases
@on_postgresql_only
def test_sweeping_waits_for_no_concurrent_attempt(app, clinic, clock):
    hit("account:ada", THREE_A_MINUTE)
    hit("account:bob", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=60))

    with db.engine.begin() as connection:
        connection.execute(Bucket.__table__.select().limit(1).with_for_update())
        found = forget_expired()

    assert found == 1
    assert len(rows(app, "throttles")) == 1
