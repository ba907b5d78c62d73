"""Tries that are counted: as many as allowed, whoever counts them, and nothing is left behind."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event

from clinic.core.background import run_due_jobs
from clinic.core.database import db
from clinic.core.tenancy import clinic_id_or_none
from clinic.core.throttle import Bucket, Limit, attempt, attempts, forget_expired, forgive
from tests.databases import on_postgresql_only
from tests.inspecting import rows
from tests.threads import run_at_once

pytestmark = pytest.mark.both_databases

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
THREE_A_MINUTE = Limit(3, 60)
PLENTY = Limit(1000, 60)


@pytest.fixture(autouse=True)
def outside(app):
    """An application without a clinic in force."""
    with app.app_context():
        yield


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def counts(app) -> list[int]:
    return [row["count"] for row in rows(app, "throttles")]


def test_tries_are_counted_where_no_clinic_is_in_force():
    assert clinic_id_or_none() is None

    assert attempt("account:ada@example.org", THREE_A_MINUTE) == 0


@pytest.mark.row(2)
def test_one_try_too_many_is_told_how_long_to_wait(clock):
    allowed = [attempt("account:ada", THREE_A_MINUTE) for _ in range(3)]
    clock.shift(timedelta(seconds=20.5))
    refused = attempt("account:ada", THREE_A_MINUTE)

    assert allowed == [0, 0, 0]
    assert refused == 40


def test_a_name_has_a_bucket_of_its_own(clock):
    for _ in range(4):
        attempt("account:ada", THREE_A_MINUTE)

    assert attempt("account:bob", THREE_A_MINUTE) == 0


def test_refused_tries_neither_count_nor_lengthen_the_wait(app, clock):
    for _ in range(3):
        attempt("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=59))
    waits = [attempt("account:ada", THREE_A_MINUTE) for _ in range(5)]

    assert waits == [1, 1, 1, 1, 1]
    assert counts(app) == [3]


def test_refused_tries_write_nothing(clock):
    for _ in range(3):
        attempt("account:ada", THREE_A_MINUTE)
    statements: list[str] = []

    def note(*told) -> None:
        statements.append(told[2].partition("\n")[0])

    event.listen(db.engine, "before_cursor_execute", note)
    attempt("account:ada", THREE_A_MINUTE)
    event.remove(db.engine, "before_cursor_execute", note)

    assert [words for words in statements if words != "BEGIN" and not words.startswith("SELECT")] == []
    assert len(statements) in {1, 2}


def test_a_window_that_is_over_begins_anew(app, clock):
    for _ in range(4):
        attempt("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=60))

    assert [attempt("account:ada", THREE_A_MINUTE) for _ in range(4)] == [0, 0, 0, 60]
    assert counts(app) == [3]


@pytest.mark.row(85)
def test_a_clock_that_was_put_back_keeps_nobody_out(clock):
    for _ in range(4):
        attempt("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(hours=-1))

    assert attempt("account:ada", THREE_A_MINUTE) == 0


def test_a_clock_of_another_machine_that_is_behind_begins_no_window_anew(clock):
    for _ in range(3):
        attempt("account:ada", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=-10))

    assert attempt("account:ada", THREE_A_MINUTE) == 70


def test_nothing_is_allowed_where_the_limit_is_nothing():
    assert attempt("account:ada", Limit(0, 60)) > 0


@pytest.mark.row(2)
def test_of_tries_at_the_same_moment_exactly_as_many_pass_as_are_allowed(app, clinic):
    waits: list[int] = []

    outcomes = run_at_once(app, clinic.id, 12, lambda _: waits.append(attempt("account:ada", Limit(5, 600))))

    assert outcomes == [None] * 12
    assert waits.count(0) == 5
    assert counts(app) == [5]


@pytest.mark.row(2)
def test_who_is_stopped_at_one_limit_charges_no_other(app, clock):
    stranger, account = ("address:203.0.113.9", Limit(2, 60)), ("account:ada", Limit(10, 300))
    allowed = [attempts([account, stranger]) for _ in range(2)]

    waits = [attempts([account, stranger]) for _ in range(20)]

    assert allowed == [0, 0]
    assert set(waits) == {60}
    assert counts(app) == [2, 2]
    assert attempts([account, ("address:198.51.100.4", Limit(2, 60))]) == 0


def test_the_longest_wait_is_told(clock):
    buckets = [("address:a", Limit(1, 60)), ("account:ada", Limit(1, 300))]
    attempts(buckets)

    assert attempts(buckets) == 300
    assert attempts(buckets[:1]) == 60


def test_a_bucket_that_is_filled_by_another_at_the_last_moment_gives_the_rest_back(app, clinic):
    together = [("shared", Limit(4, 600)), ("own", PLENTY)]
    waits: list[int] = []

    run_at_once(app, clinic.id, 10, lambda _: waits.append(attempts(together)))

    assert waits.count(0) == 4
    assert counts(app) == [4, 4]


def test_buckets_named_in_any_order_do_not_lock_each_other_out(app, clinic):
    there = [(f"bucket:{number}", PLENTY) for number in range(4)]
    back = there[::-1]

    outcomes = run_at_once(
        app, clinic.id, 6, lambda number: [attempts(there if number % 2 else back) for _ in range(15)]
    )

    assert outcomes == [None] * 6
    assert counts(app) == [90] * 4


def test_a_success_takes_its_try_back(app):
    attempts([("account:ada", PLENTY), ("address:a", PLENTY)])
    attempt("account:ada", PLENTY)

    forgive("account:ada", "address:a")

    assert sorted(counts(app)) == [0, 1]


def test_nobody_gets_tries_for_the_future(app):
    attempt("account:ada", PLENTY)

    for _ in range(3):
        forgive("account:ada")
    forgive("account:never-seen")

    assert counts(app) == [0]


def test_neither_names_nor_what_can_be_worked_out_from_them_are_stored(app):
    name = "account:ada@example.org"
    attempt(name, PLENTY)

    [row] = rows(app, "throttles")
    assert "ada" not in str(row)
    assert row["key"] != hashlib.sha256(name.encode()).hexdigest()
    assert len(row["key"]) == 64


@pytest.mark.parametrize("name", ["", "\x00", "\ud800", "é" * 100_000])
def test_any_name_can_be_counted(name):
    assert [attempt(name, Limit(1, 60)) > 0 for _ in range(2)] == [False, True]


@pytest.mark.row(3)
def test_names_that_are_never_seen_again_leave_nothing_behind(app, clock):
    for number in range(30):
        attempt(f"account:{number}", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=30))
    attempt("account:later", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=31))

    attempt("account:last", THREE_A_MINUTE)

    assert len(rows(app, "throttles")) == 2


@pytest.mark.row(3)
def test_the_worker_sweeps_what_is_over_and_nothing_else(app, clock):
    for number in range(5):
        attempt(f"account:{number}", THREE_A_MINUTE)
    attempt("account:long", Limit(3, 3600))
    clock.shift(timedelta(seconds=60))

    run_due_jobs()

    assert counts(app) == [1]
    assert forget_expired() == 0


@on_postgresql_only
def test_sweeping_waits_for_nobody_who_is_counting(app, clinic, clock):
    attempt("account:ada", THREE_A_MINUTE)
    attempt("account:bob", THREE_A_MINUTE)
    clock.shift(timedelta(seconds=60))

    with db.engine.begin() as connection:
        connection.execute(Bucket.__table__.select().limit(1).with_for_update())
        found = forget_expired()

    assert found == 1
    assert len(rows(app, "throttles")) == 1
