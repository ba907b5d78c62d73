"""Birth dates as they are typed into a search."""

from datetime import date

import pytest

from clinic.patients.search.birth_dates import dates_of_digits, find_dates

TODAY = date(2026, 11, 26)


def found(text, locale="pt_PT"):
    return [(text[one.start : one.end], *one.values) for one in find_dates(text, locale, TODAY)]


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "21.6.91",
            "21/06/1991",
            "21-6-1991",
            "21 6 1991",
            "21. 6. 1991",
            "1991-06-21",
            "1991/06/21",
            "21\u201106\u20111991",
        ),
        *("21 Jun 1991", "21-Jun-1991", "21-jun-91", "Jun 21, 1991", "21st June 1991", "21 de junho de 1991"),
    ],
)
def test_a_date_is_read_in_every_usual_form(typed):
    assert found(typed) == [(typed, "1991-06-21")]


@pytest.mark.parametrize("typed", ["June 1991", "Jun 1991", "junho de 1991", "06/1991", "1991-06"])
def test_a_month_of_a_year_is_read(typed):
    assert found(typed) == [(typed, "1991-06")]


def test_day_and_month_come_in_the_order_of_the_locale_unless_only_the_other_makes_a_date():
    assert found("6/5/1991", "en_US") == [("6/5/1991", "1991-06-05")]
    assert found("6/5/1991", "en_GB") == [("6/5/1991", "1991-05-06")]
    assert found("6/21/1991", "en_GB") == [("6/21/1991", "1991-06-21")]


def test_two_digits_of_a_year_are_of_either_century_in_which_one_can_be_born():
    assert found("1.2.15") == [("1.2.15", "2015-02-01", "1915-02-01")]
    assert found("1.2.91") == [("1.2.91", "1991-02-01")]


def test_a_date_is_found_beside_other_words():
    assert found("Zamora 27.3.87 Elena") == [("27.3.87", "1987-03-27")]
    assert found("Maio 12 de maio de 1990") == [("12 de maio de 1990", "1990-05-12")]


@pytest.mark.parametrize(
    "typed", ["912 555 014", "912-555-014", "31.2.1991", "21.6.1791", "P-199106", "+351 912", "Jun"]
)
def test_other_text_is_no_date(typed):
    assert found(typed) == []


@pytest.mark.parametrize(
    ("digits", "dates"),
    [
        ("1991", ["1991"]),
        ("199106", ["1991-06"]),
        ("210691", ["1991-06-21"]),
        ("19910621", ["1991-06-21"]),
        ("21061991", ["1991-06-21"]),
        ("5014", []),
        ("912555", []),
        ("91", []),
    ],
)
def test_digits_alone_can_be_a_date(digits, dates):
    assert dates_of_digits(digits, "pt_PT", TODAY) == dates
