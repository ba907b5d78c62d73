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


def test_of_a_test_of_breadth_the_first_case_on_each_database_runs_by_default() -> None:
    def item(nodeid: str, *keywords: str) -> Any:
        return SimpleNamespace(nodeid=nodeid, keywords=keywords)

    first, pg = item("a.py::one[sqlite-1]", "breadth"), item("a.py::one[postgresql-1]", "breadth", "postgresql")
    second, pg_2 = item("a.py::one[sqlite-2]", "breadth"), item("a.py::one[postgresql-2]", "breadth", "postgresql")
    others = [item("a.py::other[1]"), item("a.py::other[2]"), item("b.py::one[sqlite-1]", "breadth")]

    assert further_cases([first, pg, second, pg_2, *others]) == [second, pg_2]


def test_further_cases_run_on_postgresql_only_if_they_depend_on_the_database() -> None:
    def cases(test: str, *keywords: str) -> list[Any]:
        found = [(f"a.py::{test}[{database}-{n}]", database) for database in ("sqlite", "postgresql") for n in (1, 2)]
        return [SimpleNamespace(nodeid=nodeid, keywords=("breadth", database, *keywords)) for nodeid, database in found]

    dependent, same = cases("guard", "both_databases"), cases("input")

    assert needless_repetitions([*dependent, *same]) == same[-1:]


@pytest.mark.parametrize(
    ("marks", "never"), [("pytest.mark.slow", True), ("[pytest.mark.row(1), pytest.mark.browser]", True), ("[]", False)]
)
def test_a_file_that_is_slow_as_a_whole_is_not_even_imported(tmp_path: Path, marks: str, never: bool) -> None:
    (tmp_path / "test_a.py").write_text(f"import pytest\n\npytestmark = {marks}\n")

    assert never_by_default(tmp_path / "test_a.py") is never
    assert never_by_default(tmp_path) is never
