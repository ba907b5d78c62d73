"""Identifiers: unique, and in the order of their making."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from clinic.core.ids import new_id


def milliseconds_of(identifier: UUID) -> int:
    return identifier.int >> 80


@pytest.mark.slow
def test_each_id_is_later_than_the_one_before():
    made = [new_id() for _ in range(100_000)]

    assert all(earlier < later for earlier, later in pairwise(made))


def test_texts_and_bytes_of_ids_sort_as_the_ids_do():
    made = [new_id() for _ in range(10_000)]

    assert sorted(made, key=str) == made
    assert sorted(made, key=lambda identifier: identifier.bytes) == made


@pytest.mark.slow
def test_ids_of_many_threads_are_unique_and_each_thread_sees_its_own_rise():
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(10_000)], range(8)))

    assert len({identifier for of_one in made for identifier in of_one}) == 80_000
    assert all(sorted(of_one) == of_one for of_one in made)


def test_an_id_is_a_uuid_of_version_7_and_the_rfcs_variant():
    made = [new_id() for _ in range(1_000)]

    assert {identifier.version for identifier in made} == {7}
    assert {identifier.variant for identifier in made} == {RFC_4122}


def test_an_id_begins_with_the_unix_time_in_milliseconds(monkeypatch):
    next_year = time.time_ns() + 365 * 86_400 * 1_000_000_000
    monkeypatch.setattr("clinic.core.ids._last", 0)
    monkeypatch.setattr(time, "time_ns", lambda: next_year)

    assert milliseconds_of(new_id()) == next_year // 1_000_000


def test_ids_rise_although_the_clock_is_set_back(monkeypatch):
    present = time.time_ns()
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: present - 3_600_000_000_000)

    made = [before, *(new_id() for _ in range(10_000))]

    assert sorted(made) == made
    assert len(set(made)) == len(made)


def test_ids_rise_although_the_clock_stands_still(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)

    made = [new_id() for _ in range(10_000)]

    assert all(earlier < later for earlier, later in pairwise(made))


def test_the_last_62_bits_of_an_id_are_its_own():
    made = [new_id() for _ in range(1_000)]

    assert len({identifier.int & (1 << 62) - 1 for identifier in made}) == 1_000
