"""Which birth dates are possible."""

from datetime import date

import pytest

from clinic.patients.rules import TOO_LONG_AGO, birth_date_problem

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize("value", ["1896-11-27", "1896-10", "1895"])
def test_a_birth_date_of_the_longest_life_ago_is_refused(value: str) -> None:
    assert birth_date_problem(value, TODAY) == TOO_LONG_AGO


@pytest.mark.parametrize("value", ["1896-11-28", "1896-11", "1896"])
def test_a_birth_date_within_the_longest_life_is_accepted(value: str) -> None:
    assert birth_date_problem(value, TODAY) is None
