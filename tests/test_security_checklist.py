"""Every attack that the program must meet is met by a test that bears the number of its row."""

import re
from pathlib import Path

from flask import Flask

TESTS = Path(__file__).resolve().parent
PROMISED = {*range(1, 41), *range(51, 56), 57, *range(59, 66), *range(93, 96)}

NOT_YET = {
    30: "no record has an address below another one's yet",
    31: "nothing is done to several records at once yet",
    39: "no payment can be taken back yet, so nobody could do so for themselves",
    40: "no record is closed to somebody who has the permission for its kind, so there is no glass to break",
    55: "nothing is imported yet",
}
"""Rows about what the program can't do yet, each with the reason."""


def rows_with_tests() -> set[int]:
    """Return the numbers that tests bear, by mark or by name."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        for marked in re.findall(r"mark\.row\(([0-9, ]+)\)", source):
            found |= set(re.findall("[0-9]+", marked))
        for named in re.findall(r"def test_rows?_([0-9]+(?:_and_[0-9]+)*)(?!.*_yet)", source):
            found |= set(named.split("_and_"))
    return {int(number) for number in found}


def test_every_promised_row_has_a_test_or_a_reason_why_not_yet() -> None:
    assert sorted(PROMISED - rows_with_tests() - NOT_YET.keys()) == []


def test_row_30_no_address_names_a_record_below_another_yet(app: Flask) -> None:
    nested = [rule.rule for rule in app.url_map.iter_rules() if len(rule.arguments) > 1]

    assert nested == []


def test_no_row_has_both_a_test_and_a_reason_why_not() -> None:
    assert sorted(rows_with_tests() & NOT_YET.keys()) == []
