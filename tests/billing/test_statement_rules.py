"""Rows become balances: whatever the entries and the period are, the balances before, within and after it add up."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.billing.statement_rules import PAYMENT, Entry, first_day_before, make_ages, make_ledger

ON = date(2026, 11, 28)
days = st.dates(date(2026, 1, 1), date(2027, 1, 31))


def an_entry(day: date, charged: int = 0, paid: int = 0, hour: int | None = None) -> Entry:
    """Return an entry of a day, maybe at an hour."""
    at = None if hour is None else datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Entry(PAYMENT, day, at, uuid4(), None, charged, paid)


entries = st.lists(
    st.builds(
        an_entry,
        days,
        st.integers(-10_000, 10_000),
        st.integers(-10_000, 10_000),
        st.one_of(st.none(), st.integers(0, 23)),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(entries, days, days)
def test_the_balances_of_neighbouring_periods_meet(found: list[Entry], one: date, other: date) -> None:
    first, middle = sorted((one, other))
    until_then = make_ledger(found, "EUR", since=first, until=middle, on=ON)
    afterwards = make_ledger(found, "EUR", since=middle + timedelta(days=1), until=None, on=ON)

    assert until_then.opening.minor == sum(one.charged - one.paid for one in found if one.day < first)
    assert until_then.closing == afterwards.opening
    assert until_then.closing == until_then.opening + until_then.charged - until_then.paid
    assert afterwards.closing.minor == sum(one.charged - one.paid for one in found)
    for ledger in (until_then, afterwards):
        balances = [ledger.opening, *(row.balance for row in ledger.rows)]
        assert balances[-1] == ledger.closing
        changes = [after - before for before, after in pairwise(balances)]
        assert changes == [row.charged - row.paid for row in ledger.rows]
        assert all(ledger.since <= row.entry.day <= ledger.until for row in ledger.rows)


def test_a_day_begins_with_what_has_no_time() -> None:
    late, early, untimed = an_entry(ON, paid=1, hour=9), an_entry(ON, paid=2, hour=8), an_entry(ON, charged=5)
    before = an_entry(ON - timedelta(days=1), charged=9, hour=23)

    ledger = make_ledger([late, early, untimed, before], "EUR", since=ON - timedelta(days=1), until=ON, on=ON)

    assert [row.entry for row in ledger.rows] == [before, untimed, early, late]
    assert [row.balance.minor for row in ledger.rows] == [9, 14, 12, 11]


def test_without_days_it_has_the_last_months_and_what_is_dated_later() -> None:
    old, later = an_entry(date(2026, 8, 31), charged=7), an_entry(date(2026, 12, 2), charged=5)

    ledger = make_ledger([old, later], "EUR", since=None, until=None, on=ON)
    future = make_ledger([], "EUR", since=date(2027, 5, 1), until=None, on=ON)

    assert (ledger.since, ledger.until) == (date(2026, 10, 1), date(2026, 12, 2))
    assert (ledger.opening.minor, ledger.closing.minor, len(ledger.rows)) == (7, 12, 1)
    assert future.since == future.until == date(2027, 5, 1)


@pytest.mark.parametrize(
    ("last", "first"), [("2026-11-28", "2026-09-01"), ("2027-01-31", "2026-11-01"), ("2026-03-31", "2026-01-01")]
)
def test_a_statement_begins_with_a_whole_month(last: str, first: str) -> None:
    assert first_day_before(date.fromisoformat(last)) == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("late", "age"),
    [(-1, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (4000, 4)],
)
def test_an_amount_is_of_one_age(late: int, age: int) -> None:
    due_on = ON - timedelta(days=late)

    ages = make_ages([(due_on, 500)], "EUR", ON)

    found = [one.minor for one in (ages.not_due, ages.days_30, ages.days_60, ages.days_90, ages.older)]
    assert found == [500 if index == age else 0 for index in range(5)]
    assert ages.oldest == (due_on if late > 0 else None)


def test_what_has_no_due_date_is_not_overdue() -> None:
    ages = make_ages([(None, 500), (ON, 200)], "EUR", ON)

    assert (ages.not_due.minor, ages.oldest) == (700, None)
