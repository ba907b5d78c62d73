"""What a full run of the tests must contain."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.selection import PARTS, further_cases, missing_parts, needless_repetitions, never_by_default


def test_a_run_with_tests_in_every_part_is_a_full_one() -> None:
    assert missing_parts(Counter(PARTS), 0) == []


def test_a_run_without_tests_on_a_database_is_not_a_full_one() -> None:
    ran = Counter(part for part in PARTS if part != "postgresql")

    assert missing_parts(ran, 0) == ["no test ran on PostgreSQL"]


def test_a_run_with_skipped_tests_is_not_a_full_one() -> None:
    assert missing_parts(Counter(PARTS), 2) == ["2 tests were skipped"]


def cases(test: str, *keywords: str) -> list[Any]:
    """Return two cases of a test on each database."""
    found = [(f"a.py::{test}[{database}-{n}]", database) for database in ("sqlite", "postgresql") for n in (1, 2)]
    return [SimpleNamespace(nodeid=nodeid, keywords=(database, *keywords)) for nodeid, database in found]


def test_of_a_test_on_a_database_the_first_case_on_each_runs_by_default() -> None:
    one, other = cases("one"), cases("other")

    assert further_cases([*one, *other]) == [one[1], one[3], other[1], other[3]]


@pytest.mark.parametrize(("marks", "further"), [((), 0), (("breadth",), 1)])
def test_of_a_test_without_a_database_the_first_case_runs_by_default_if_it_is_of_breadth(
    marks: tuple[str, ...], further: int
) -> None:
    items: list[Any] = [SimpleNamespace(nodeid=f"a.py::one[{n}]", keywords=marks) for n in (1, 2)]

    assert len(further_cases(items)) == further


def test_of_a_test_that_depends_on_the_database_all_cases_run_by_default_but_for_breadth() -> None:
    guard, wide = cases("guard", "both_databases"), cases("wide", "both_databases", "breadth")

    assert further_cases([*guard, *wide]) == [wide[1], wide[3]]


def test_further_cases_of_breadth_run_on_postgresql_only_if_they_depend_on_the_database() -> None:
    dependent, same, plain = cases("guard", "breadth", "both_databases"), cases("input", "breadth"), cases("page")

    assert needless_repetitions([*dependent, *same, *plain]) == same[-1:]


@pytest.mark.parametrize(
    ("marks", "never"), [("pytest.mark.slow", True), ("[pytest.mark.row(1), pytest.mark.browser]", True), ("[]", False)]
)
def test_a_file_that_is_slow_as_a_whole_is_not_even_imported(tmp_path: Path, marks: str, never: bool) -> None:
    (tmp_path / "test_a.py").write_text(f"import pytest\n\npytestmark = {marks}\n")

    assert never_by_default(tmp_path / "test_a.py") is never
    assert never_by_default(tmp_path) is never
