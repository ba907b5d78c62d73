"""Each row of the security checklist has a marked test or a reason why not; each mark names a row."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
CHECKLIST = TESTS / "security_checklist.md"
_ROW = re.compile(r"^([0-9]+)\. (.+)$", re.MULTILINE)
_NOT_YET = re.compile(r"\*Not yet: \S.*\.\*$")


@cache
def rows() -> list[tuple[int, str]]:
    """Return the (number, text) of every row of the checklist."""
    return [(int(number), text) for number, text in _ROW.findall(CHECKLIST.read_text(encoding="utf-8"))]


@cache
def marked_rows() -> dict[int, list[str]]:
    """Return the rows that tests prove by their marks, each with the files of these tests.

    The files are parsed and not collected, so that tests that are deselected by default count, too.
    """
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for mark in _marks(ast.parse(text)) if "mark.row(" in text else ():
            found.setdefault(mark, []).append(str(path.relative_to(TESTS)))
    return found


def _marks(tree: ast.Module) -> list[int]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    marks = [call for call in calls if ast.unparse(call.func) == "pytest.mark.row"]
    return [ast.literal_eval(number) for mark in marks for number in mark.args]


def not_yet() -> set[int]:
    """Return the numbers of the rows of which nothing is built."""
    return {number for number, text in rows() if _NOT_YET.search(text)}


def test_the_rows_are_numbered_without_gaps_and_repetitions() -> None:
    assert [number for number, _ in rows()] == list(range(1, 97))


@pytest.mark.slow
def test_every_row_has_a_marked_test_or_a_reason_why_not_yet() -> None:
    unproven = {number for number, _ in rows()} - marked_rows().keys() - not_yet()

    assert sorted(unproven) == []


def test_every_mark_names_a_row() -> None:
    unknown = marked_rows().keys() - {number for number, _ in rows()}

    assert {number: marked_rows()[number] for number in unknown} == {}


def test_no_row_has_both_a_marked_test_and_a_reason_why_not_yet() -> None:
    assert {number: marked_rows()[number] for number in not_yet() & marked_rows().keys()} == {}
