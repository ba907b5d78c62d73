"""Exports as CSV that no spreadsheet takes for formulas."""

import csv
from decimal import Decimal

import pytest

from clinic.web.csv_export import cell, csv_lines


@pytest.mark.row(53)
@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "+351912555014"])
def test_a_text_that_begins_a_formula_gets_an_apostrophe(typed):
    assert cell(typed) == f"'{typed}"


@pytest.mark.row(53)
@pytest.mark.parametrize(
    ("value", "written"),
    [(-5.0, "-5.0"), (-500, "-500"), (Decimal("-5.00"), "-5.00"), (None, ""), ("O'Brien", "O'Brien")],
)
def test_numbers_stay_numbers_and_other_text_stays_as_it_is(value, written):
    assert cell(value) == written


@pytest.mark.row(53)
def test_separators_quotes_and_line_breaks_keep_to_their_cell():
    rows = [{"name": 'a,"b"\r\n=c', "note": ",=1"}]

    read = list(csv.reader("".join(csv_lines(["name", "note"], rows)).splitlines(keepends=True)))

    assert read == [["name", "note"], ['a,"b"\r\n=c', ",=1"]]


@pytest.mark.row(54)
def test_rows_are_asked_for_only_as_the_file_is_written():
    asked = []

    def rows():
        for number in range(3):
            asked.append(number)
            yield {"n": number}

    lines = csv_lines(["n"], rows())
    next(lines)

    assert asked == []
    assert next(lines) == "0\r\n"
    assert asked == [0]
