"""Fields of forms and JSON: what they take, tidy and refuse."""

import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from clinic.web.fields import Choice, Count, Line, Paragraph, Quantity, Timestamp, quantity_text
from clinic.web.forms import Form, date_parts, with_dates
from clinic.web.json_api import ListQuery, SearchQuery
from tests.schema_loading import loaded, problems

bounded = settings(max_examples=80, derandomize=True, deadline=None)
any_text = st.text(st.characters(exclude_categories=[]), max_size=300)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@given(any_text)
@bounded
def test_a_line_is_tidy_or_refused(text):
    try:
        line = Line().deserialize(text)
    except ValidationError:
        return

    assert line is None or (line == unicodedata.normalize("NFC", line).strip() and 0 < len(line) <= 200)
    assert line is None or not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert line is None or not set(line) & set("\u202e\u2066\u200b\u200e\u00ad\ufeff\ufffd")


@pytest.mark.slow
@given(any_text)
@bounded
def test_tidying_twice_changes_nothing(text):
    for field in (Line(), Paragraph()):
        try:
            once = field.deserialize(text)
        except ValidationError:
            continue
        assert field.deserialize(once) == once


@pytest.mark.slow
@given(any_json)
@bounded
def test_no_field_fails_otherwise_than_by_refusing(value):
    for field in (Line(), Paragraph(), Choice("a"), Count(least=1, most=9), Timestamp(), Quantity()):
        with suppress(ValidationError):
            field.deserialize(value)


@pytest.mark.parametrize("text", ["a" * 200, "\u0041\u030a" * 200, "\u03b1\u0313\u0300\u0345" * 200])
def test_the_length_counts_composed_characters(text):
    assert len(Line().deserialize(text)) == 200
    with pytest.raises(ValidationError, match="at most 200"):
        Line().deserialize(text + "a")


@pytest.mark.slow
@given(st.datetimes(datetime(1901, 1, 1), datetime(8999, 1, 1), timezones=st.timezones()))
@bounded
def test_an_instant_is_read_as_it_was_written(moment):
    utc = moment.astimezone(UTC)

    assert Timestamp().deserialize(utc.isoformat()) == utc
    assert Timestamp().deserialize(Timestamp()._serialize(utc, None, None)) == utc


@pytest.mark.parametrize(
    "text", ["0", "10", "-1", "1e0", "²", "１", " 1", "1 ", "+1", "1.0", "", True, 1.0, None, 10**20]
)
def test_a_count_is_plain_digits_within_its_bounds(text):
    with pytest.raises(ValidationError):
        Count(least=1, most=9).deserialize(text)


@pytest.mark.slow
@pytest.mark.row(43)
@pytest.mark.parametrize(
    "limit", ["0", "-1", "201", "1000000000", "²", "１", "1e3", "1.0", " 1", "+1", "", "x", "0x10", "1_0"]
)
def test_a_limit_of_a_list_is_a_number_of_rows(limit):
    assert problems(ListQuery(), {"limit": limit}) == [("#/limit", "Enter a whole number from 1 to 200")]


@pytest.mark.row(43)
def test_a_list_has_fifty_rows_unless_its_query_names_another_number():
    limits = [loaded(ListQuery(), query)["limit"] for query in ({}, {"limit": "1"}, {"limit": "200"})]

    assert limits == [50, 1, 200]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("\x00", "Leave out control characters"),
        ("a\ufffdb", "Some characters could not be read: enter them again"),
        ("x" * 201, "Enter at most 200 characters"),
    ],
)
def test_search_words_that_can_not_be_stored_are_refused(words, message):
    assert problems(SearchQuery(), {"q": words}) == [("#/q", message)]


@pytest.mark.slow
@given(st.integers(1, 999_999_999))
@bounded
def test_a_quantity_is_written_as_it_was_read(thousandths):
    quantity = Fraction(thousandths, 1000)

    assert Quantity().deserialize(quantity_text(quantity)) == quantity


@pytest.mark.slow
@given(st.dates())
@bounded
def test_a_date_taken_apart_is_put_together_again(day):
    for text in (f"{day:%Y-%m-%d}".zfill(10), f"{day.year:04}-{day.month:02}", f"{day.year:04}"):
        parts = date_parts("x", text)
        assert int(with_dates(parts)["x"].replace("-", "")) == int(text.replace("-", ""))


def test_problems_come_in_the_order_of_the_fields_one_for_each():
    form = Form(errors={"b": ["second"], "": ["whole"], "a": ["first", "more"]}, order=["a", "b"])

    assert form.problems == [("a", "first"), ("b", "second"), ("", "whole")]
