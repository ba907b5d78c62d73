"""Spellings of names: without accents, written out, in Latin letters."""

import pytest

from clinic.patients.search.folding import latin_spelling, letters, loose, name_parts, name_words, romanised, spellings


@pytest.mark.parametrize("typed", ["O'Connor", "O’Connor", "O‘Connor", "Oʼconnor", "O`Connor", "O´Connor", "oconnor"])
def test_every_apostrophe_and_none_make_the_same_word(typed):
    assert name_words(typed) == ["oconnor"]


@pytest.mark.parametrize("name", ["Kaʻahumanu", "Ka'ahumanu", "Kaahumanu"])
def test_an_okina_joins_the_parts_of_a_word(name):
    assert name_words(name) == ["kaahumanu"]


def test_a_name_is_also_known_by_the_part_behind_its_apostrophe():
    assert name_parts("D'Almeida") == ["d", "almeida"]
    assert name_parts("Almeida") == []


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("müller", ["muller", "mueller"]),
        ("åse", ["ase", "aase"]),
        ("sørensen", ["sorensen", "soerensen"]),
        ("strauß", ["strauss"]),
        ("wałęsa", ["walesa"]),
        ("kjær", ["kjaer"]),
        ("đorđević", ["dordevic", "djordjevic"]),
    ],
)
def test_umlauts_are_left_out_or_written_out(word, found):
    assert spellings(word) == found


@pytest.mark.parametrize("word", ["सीता", "क्षमा", "ใจดี", "ចាន់", "கண்ணன்"])
def test_marks_of_scripts_that_are_written_with_them_belong_to_the_word(word):
    assert name_words(word) == [word]
    assert spellings(word) == [word]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Дарья", ["Darya", "Daria", "Darja"]),
        ("Юлия", ["Yuliya", "Yulia", "Julia", "Iulia"]),
        ("Хрущёв", ["Khrushchev", "Hrushchev", "Chruschev"]),
        ("Цветаева", ["Tsvetaeva", "Tzvetaeva", "Cvetaeva".replace("Cv", "Czv")]),
        ("Андрей", ["Andrey", "Andrei", "Andrej"]),
        ("Παπαδόπουλος", ["Papadopoulos", "Papadopulos"]),
        ("Ευαγγελία", ["Evangelia"]),
        ("Μπάμπης", ["Bampis", "Babis"]),
        ("Χρήστος", ["Christos", "Khristos", "Hristos"]),
    ],
)
def test_the_usual_romanisations_of_a_name_are_one(written, typed):
    assert {loose(one.lower()) for one in typed} == {romanised(name_words(written)[0])}


def test_a_word_in_latin_letters_has_no_romanisation():
    assert romanised("müller") is None
    assert latin_spelling("petrova") is None
    assert latin_spelling("петрова") == "petrova"


@pytest.mark.parametrize(("word", "count"), [("सीता", 2), ("weiss", 5), ("abc1", 0)])
def test_a_mark_is_no_letter_of_its_own(word, count):
    assert letters(word) == count
