"""How likely it is that two records are of one person."""

from typing import Any

import pytest

from clinic.patients.duplicates.facts import facts_of_fields
from clinic.patients.duplicates.scoring import POSSIBLE, REASONS, Likeness, compare, likelihood, reason_texts

PHONE, EMAIL = "+351912555014", "familia@example.org"
INES = {"family_name": "Pereira", "given_name": "Inês", "birth_date": "1991-06-21", "sex": "female"}


def likeness(one: dict[str, Any], other: dict[str, Any]) -> Likeness:
    forth, back = (
        compare(facts_of_fields(one), facts_of_fields(other)),
        compare(facts_of_fields(other), facts_of_fields(one)),
    )
    assert forth == back
    return forth


ALIKE: list[tuple[dict[str, Any], dict[str, Any], int, str]] = [
    ({}, {}, 92, "same name, same birth date"),
    ({}, {"given_name": "Ines"}, 92, "same name but for accents or apostrophes, same birth date"),
    (
        {"phone": PHONE},
        {"phone": "+351912555041"},
        98,
        "same name, same birth date, phone: one digit off or two swapped",
    ),
    ({}, {"family_name": "Inês", "given_name": "Pereira"}, 88, "family and given names swapped, same birth date"),
    ({}, {"family_name": "Perreira"}, 84, "name sounds alike, same birth date"),
    ({}, {"given_name": "Inês Maria"}, 86, "same name, one with a further name, same birth date"),
    ({}, {"birth_date": "1991-06-12"}, 71, "same name, birth date: only a digit of the day differs"),
    ({}, {"birth_date": "1991-07-21"}, 71, "same name, birth date: only a digit of the month differs"),
    ({}, {"birth_date": "1990-06-21"}, 71, "same name, birth date: only a digit of the year differs"),
    ({"birth_date": "1991-07-03"}, {"birth_date": "1991-03-07"}, 80, "same name, birth date: day and month swapped"),
    ({}, {"birth_date": "1991"}, 56, "same name, birth date: partly known, and the same so far"),
    ({}, {"birth_date": None}, 50, "same name"),
    (
        {"email": EMAIL},
        {"family_name": "Matos", "email": EMAIL.upper()},
        57,
        "same given name, same birth date, same email",
    ),
    ({}, {"family_name": None}, 49, "same given name, same birth date"),
]


@pytest.mark.parametrize(("one", "other", "score", "reasons"), ALIKE)
def test_what_agrees_gives_a_score_with_reasons(
    one: dict[str, Any], other: dict[str, Any], score: int, reasons: str
) -> None:
    found = likeness(INES | one, INES | other)

    assert (found.score, ", ".join(reason_texts(found.reasons))) == (score, reasons)


SHARED = {"phone": PHONE, "email": EMAIL, "address": "Rua das Flores 18, Porto"}
OTHERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("mother and son", {}, {"given_name": "Tiago", "birth_date": "2019-02-03", "sex": "male"}),
    ("twins", {}, {"given_name": "Clara"}),
    ("a father and a son of the same name", {"birth_date": "1958-03-05"}, {"birth_date": "1991-11-17"}),
    ("a father and a son born on the same day of the year", {"birth_date": "1961-06-21"}, {"birth_date": "1991-06-21"}),
    ("flatmates", {"family_name": "Okafor", "given_name": "Ada"}, {"birth_date": "1990-01-02"}),
]


@pytest.mark.parametrize(("who", "one", "other"), OTHERS, ids=[who for who, *_ in OTHERS])
def test_families_are_no_duplicates_by_what_they_share(who: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert likeness(INES | SHARED | one, INES | SHARED | other).score < POSSIBLE


def test_a_man_and_a_woman_are_less_likely_one_person() -> None:
    found = likeness(INES, INES | {"sex": "male"})

    assert found.score == 67
    assert reason_texts(found.reasons)[-1] == "but another sex"


def test_the_preferred_name_counts_as_a_given_name() -> None:
    assert likeness(INES | {"given_name": "Robert", "preferred_name": "Bob"}, INES | {"given_name": "Bob"}).score == 92


def test_contact_details_are_no_reason_and_no_points_for_those_who_may_not_see_them() -> None:
    found = likeness(INES | SHARED, INES | SHARED)

    assert (found.score, len(found.reasons)) == (100, 5)
    assert found.without_contact == likeness(INES, INES)
    assert found.without_contact.score == 92


def test_the_word_of_a_score() -> None:
    assert [likelihood(score) for score in (100, 90, 89, 70, 69, 50)] == [
        "almost certain",
        "almost certain",
        "likely",
        "likely",
        "possible",
        "possible",
    ]
    assert all(REASONS.values())


def test_names_without_letters_are_alike_only_if_they_are_written_the_same() -> None:
    smile, dash = (facts_of_fields({"family_name": name}) for name in ("🙂", "-"))

    assert compare(smile, dash).reasons == ()
    assert compare(smile, smile).reasons == ("same-name",)
