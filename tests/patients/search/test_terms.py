"""What a query means: its terms and their forms in the index."""

from dataclasses import replace
from datetime import date

import pytest

from clinic.patients.search.terms import Reading, terms_of

READING = Reading(country="PT", locale="pt_PT", today=date(2026, 11, 26), contact=True)


def forms(query, reading=READING):
    return [[form.token for form in term.forms] for term in terms_of(query, reading)]


def test_a_name_is_looked_for_in_its_spellings_and_romanised():
    assert forms("Müller") == [["nmuller", "nmueller", "rmuller"]]
    assert forms("Петрова") == [["nпетрова", "npetrova"]]


def test_groups_of_digits_are_one_number_which_may_begin_or_end_a_phone():
    assert forms("912 555") == [["m912555", "i912555", "p912555", "e555219", "n912555"]]
    assert [len(term) for term in forms("Zamora 912 555")] == [2, 5]


def test_a_record_number_is_typed_with_or_without_prefix_and_zeros():
    assert {forms(query)[0][0] for query in ("P-004907", "p4907", "P-4907", "004907", "4907")} == {"m4907"}
    assert [form.whole for form in terms_of("000002", READING)[0].forms][:1] == [True]


def test_a_date_is_a_term_of_its_own_beside_names():
    assert forms("Zamora 1987-03-27")[1] == ["b19870327"]
    assert terms_of("27 3 1987 Zamora", READING)[0].dates == ("1987-03-27",)


def test_contact_details_are_not_looked_for_by_who_may_not_see_them():
    hidden = replace(READING, contact=False)

    assert forms("ines@example.org", hidden) == [[]]
    assert forms("912 555", hidden) == [["m912555", "i912555", "n912555"]]


@pytest.mark.parametrize("query", ["", " ", "%", "\x00", "a@\udcff", "' --"])
def test_text_without_words_has_no_terms(query):
    assert terms_of(query, READING) == []
