"""What a full run of the tests must contain."""

from collections import Counter

from tests.selection import PARTS, missing_parts


def test_a_run_with_tests_in_every_part_is_a_full_one() -> None:
    assert missing_parts(Counter(PARTS), 0) == []


def test_a_run_without_tests_on_a_database_is_not_a_full_one() -> None:
    ran = Counter(part for part in PARTS if part != "postgresql")

    assert missing_parts(ran, 0) == ["no test ran on PostgreSQL"]


def test_a_run_with_skipped_tests_is_not_a_full_one() -> None:
    assert missing_parts(Counter(PARTS), 2) == ["2 tests were skipped"]
