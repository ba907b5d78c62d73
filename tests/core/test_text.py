"""Text as it is stored and as a search compares it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.text import (
    digits,
    fold,
    has_encoded_word,
    is_cjk,
    is_storable,
    nfc,
    strip_bidi_controls,
    strip_invisible_marks,
    tidy_line,
    words,
)

FOLDED = {
    "Nguyễn": "nguyen",
    "Łukasz": "lukasz",
    "Søren": "soren",
    "Müller": "muller",
    "İstanbul": "istanbul",
    "ısparta": "isparta",
    "Weiß": "weiss",
    "WEIẞ": "weiss",
    "Ångström": "angstrom",
    "Ærøskøbing": "aeroskobing",
    "Đặng": "dang",
    "Guðrún Þórsdóttir": "gudrun thorsdottir",
    "Œuvray": "oeuvray",
    "Żółć": "zolc",
    "Ħal Għargħur": "hal gharghur",
    "ＹＡＭＡＤＡ": "yamada",
    "Παπαδόπουλος": "παπαδοπουλοσ",
    "김민준": "김민준",
    "O'Brien": "o'brien",
}


@pytest.mark.parametrize(("name", "folded"), FOLDED.items())
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_found_without_its_accents_and_case_in_either_form(name, folded, form):
    assert fold(unicodedata.normalize(form, name)) == folded


@pytest.mark.parametrize("name", [name for name in FOLDED if name not in {"ısparta", "İstanbul"}])
def test_a_name_written_in_capitals_is_folded_alike(name):
    assert fold(name.upper()) == fold(name)


@pytest.mark.parametrize("name", ["İstanbul", "Istanbul", "istanbul", "ıstanbul", "ISTANBUL"])
def test_every_turkish_i_is_an_i(name):
    assert fold(name) == "istanbul"


@pytest.mark.slow
def test_folding_what_is_folded_changes_nothing():
    characters = (chr(code) for code in range(0x20000))

    unsettled = [char for char in characters if fold(fold(char)) != fold(char)]

    assert unsettled == []


@pytest.mark.slow
@given(text=st.text())
def test_composed_and_decomposed_text_are_stored_and_folded_alike(text):
    decomposed = unicodedata.normalize("NFD", text)

    assert nfc(decomposed) == nfc(text)
    assert fold(decomposed) == fold(nfc(text))


@pytest.mark.slow
@given(text=st.text(alphabet=st.characters(codec="ascii")))
def test_plain_text_is_folded_to_its_small_letters(text):
    assert fold(text) == text.lower()


@pytest.mark.parametrize("apostrophe", "'’ʼ`´")
def test_any_apostrophe_joins_the_parts_of_a_name(apostrophe):
    assert words(f"Siobhán O{apostrophe}Brien") == ["siobhan", "obrien"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \t – ", []),
        ("Anna-Lena  von Bülow", ["anna", "lena", "von", "bulow"]),
        ("García Márquez, Gabriel", ["garcia", "marquez", "gabriel"]),
        ("山田 太郎", ["山田", "太郎"]),
        ("P-004907", ["p", "004907"]),
    ],
)
def test_words_are_folded_and_split_at_anything_else(text, found):
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+351 (912) 345-678", "351912345678"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("０１２", "012"),
        ("2²½", "2"),
        ("none", ""),
    ],
)
def test_digits_of_any_script_are_written_in_ascii(text, found):
    assert digits(text) == found


@pytest.mark.slow
@given(text=st.text())
def test_digits_are_ascii_digits_only(text):
    found = digits(text)

    assert found == "" or (found.isascii() and found.isdigit())


@pytest.mark.parametrize("name", ["山田太郎", "やまだ", "ヤマダ", "김민준", "Yamada 山田"])
def test_a_name_without_spaces_between_its_parts_is_recognised(name):
    assert is_cjk(name)


@pytest.mark.parametrize("name", ["", "Nguyễn", "Παπαδόπουλος", "محمد", "O’Brien"])
def test_other_scripts_put_spaces_between_names(name):
    assert not is_cjk(name)


@pytest.mark.parametrize("text", ["", "Nguyễn Thị", "two\nlines", "a\ttab", "👩‍⚕️", "محمد", "zero\u200dwidth"], ids=repr)
def test_what_people_write_can_be_stored(text):
    assert is_storable(text)


@pytest.mark.parametrize(
    "harmful",
    ["\x00", "\x07", "\x1b[31m", "\r", "\x7f", "\x85", "\ud800", "\u202e", "\u202a", "\u2066"],
    ids=ascii,
)
def test_what_misleads_or_breaks_a_page_can_not_be_stored(harmful):
    assert not is_storable(f"Anna{harmful}Lena")


@pytest.mark.parametrize("text", ["=?utf-8?q?=0d=0a?=", "Ana =?UTF-8?B?DQo=", "=??q?", "=?utf-8 ?Q?x"])
def test_the_beginning_of_an_encoded_word_is_found(text):
    assert has_encoded_word(text)


@pytest.mark.parametrize("text", ["", "Ana", "a =? b", "x=?y?z", "why?b?", "1 + 1 =?"])
def test_other_question_marks_are_no_encoded_word(text):
    assert not has_encoded_word(text)


MARKS = [*map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F, 0xAD, 0xFEFF))]


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_an_invisible_mark_copied_with_a_line_is_dropped(mark):
    assert strip_invisible_marks(f"{mark}An{mark}na{mark}") == "Anna"
    assert tidy_line(f"{mark} An{mark}na {mark}") == "Anna"
    assert words(f"An{mark}na") == ["anna"]


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d", "\ufe0f"], ids=ascii)
def test_a_joiner_that_spells_a_name_stays_and_is_ignored_by_a_search(joiner):
    assert tidy_line(f"An{joiner}na") == f"An{joiner}na"
    assert words(f"An{joiner}na") == ["anna"]


def test_a_paragraph_keeps_marks_that_do_not_change_the_direction_of_its_text():
    assert strip_bidi_controls("\u202aRua\u200e 1\u202c") == "Rua\u200e 1"
