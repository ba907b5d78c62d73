"""Values that a process reads at most every few seconds."""

from itertools import count

from clinic.core.recent import RecentValues, read_setting, recent_settings
from clinic.identity.models import Clinic
from tests.fixtures import Here


def test_a_value_is_read_once_for_each_key() -> None:
    numbers, recent = count(1), RecentValues[int](60)

    assert [recent.get("a", lambda: next(numbers)) for _ in range(2)] == [1, 1]
    assert recent.get("b", lambda: next(numbers)) == 2


def test_a_value_that_is_too_old_is_read_anew() -> None:
    numbers, recent = count(1), RecentValues[int](0)

    assert [recent.get("a", lambda: next(numbers)) for _ in range(2)] == [1, 2]


def test_after_clearing_every_value_is_read_anew() -> None:
    recent = RecentValues[str](60)
    recent.set("a", "old")

    recent.clear()

    assert not recent.knows("a")
    assert recent.get("a", lambda: "new") == "new"


def test_a_setting_is_read_once_within_a_block_and_each_time_outside(inside: None) -> None:
    numbers = count(1)

    with recent_settings():
        within = [read_setting("a", lambda: next(numbers)) for _ in range(2)]
    outside = [read_setting("a", lambda: next(numbers)) for _ in range(2)]

    assert (within, outside) == ([1, 1], [2, 3])


def test_a_setting_of_another_clinic_is_another_one(here: Here, other_clinic: Clinic) -> None:
    numbers = count(1)

    with recent_settings():
        with here():
            first = read_setting("a", lambda: next(numbers))
        with here(other_clinic.id):
            second = read_setting("a", lambda: next(numbers))

    assert (first, second) == (1, 2)
