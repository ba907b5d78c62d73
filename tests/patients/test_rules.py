"""Which birth dates are possible, and who is a minor by what is known."""

from datetime import date

import pytest

from clinic.patients.rules import TOO_LONG_AGO, birth_date_problem, is_minor

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize("value", ["1896-11-27", "1896-10", "1895"])
def test_a_birth_date_of_the_longest_life_ago_is_refused(value: str) -> None:
    assert birth_date_problem(value, TODAY) == TOO_LONG_AGO


@pytest.mark.parametrize("value", ["1896-11-28", "1896-11", "1896"])
def test_a_birth_date_within_the_longest_life_is_accepted(value: str) -> None:
    assert birth_date_problem(value, TODAY) is None


@pytest.mark.parametrize(
    ("birth_date", "minor"),
    [
        ("2008-11-28", True),
        ("2008-11-27", False),
        ("2008-11", True),
        ("2008-10", False),
        ("2008", True),
        ("2007", False),
        (None, False),
    ],
)
def test_who_may_be_under_18_by_the_birth_date_is_a_minor(birth_date: str | None, minor: bool) -> None:
    assert is_minor(birth_date, TODAY) is minor


def test_somebody_born_on_29_february_comes_of_age_on_1_march() -> None:
    assert is_minor("2008-02-29", date(2026, 2, 28))
    assert not is_minor("2008-02-29", date(2026, 3, 1))


@pytest.mark.parametrize(
    ("age", "age_on", "minor"), [(17, "2026-11-27", True), (17, "2025-11-27", False), (18, "2026-11-27", False)]
)
def test_an_estimated_age_goes_on_with_time(age: int, age_on: str, minor: bool) -> None:
    assert is_minor(None, TODAY, age=age, age_on=date.fromisoformat(age_on)) is minor
