"""Values that a process reads at most every few seconds."""

from itertools import count

from clinic.core.recent import RecentValues


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
