"""Why a record was found: matched letters and hidden texts."""

from datetime import date

import pytest

from clinic.patients.search.highlight import reasons_of, segments_of
from clinic.patients.search.terms import Reading, terms_of
from clinic.patients.search.tokens import SearchableTexts
from clinic.patients.search.typed import typed_of

READING = Reading(country="PT", locale="pt_PT", today=date(2026, 11, 26), contact=True)


@pytest.mark.parametrize(
    ("name", "query", "marked"),
    [
        ("Inês", "ines", ["Inês"]),
        ("Pereira Matos", "per mat", ["Per", "Mat"]),
        ("Müller", "muell", ["Müll"]),
        ("Müller", "mul", ["Mül"]),
        ("D'Almeida", "almei", ["Almei"]),
        ("O’Connor", "oconn", ["O’Conn"]),
        ("Costa-Lima", "lima", ["Lima"]),
        ("Петрова", "petr", ["Петрова"]),
        ("सीता", "सी", ["सी"]),
        ("Zamora", "perez", []),
    ],
)
def test_the_letters_that_match_are_marked(name, query, marked):
    segments = segments_of(name, terms_of(query, READING))

    assert "".join(text for text, _ in segments) == name
    assert [text for text, matches in segments if matches] == marked


def test_what_matches_and_is_not_shown_is_the_reason():
    shown = SearchableTexts(family_name="Peixoto", given_name="Inês")
    hidden = [("until 2019", "Pereira", SearchableTexts(names=("Pereira",)))]

    assert reasons_of(terms_of("peixoto", READING), shown, hidden) == []
    [reason] = reasons_of(terms_of("ines per", READING), shown, hidden)
    assert (reason.label, reason.segments) == ("until 2019", [("Per", True), ("eira", False)])


def test_a_query_is_taken_apart_for_the_form_of_a_new_patient():
    typed = typed_of("ana costa-lima 27.3.87 912 345 678 ana@example.org", READING)

    assert typed.fields() == {
        "given_name": "Ana",
        "family_name": "Costa-lima",
        "birth_date": "1987-03-27",
        "phone": "912 345 678",
        "email": "ana@example.org",
    }
