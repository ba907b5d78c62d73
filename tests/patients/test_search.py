"""Finding patients: parts of names in any order, without accents, a phone, a number, an e-mail."""

import re
import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.text import digits, fold
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.search.terms import Reading, terms_of
from clinic.patients.search.tokens import LONGEST_TOKEN, SearchableTexts, tokens_of
from clinic.patients.service import patient_service
from tests.builders import a_clinic, a_patient
from tests.databases import on_postgresql_only

READING = Reading(country="PT", locale="pt_PT", today=date(2026, 11, 26), contact=True)

PEOPLE: dict[str, Any] = {
    "nguyen": {"family_name": "Nguyễn", "given_name": "Thị Hồng"},
    "lukasz": {"family_name": "Wałęsa", "given_name": "Łukasz"},
    "sorensen": {"family_name": "Sørensen", "given_name": "Åse"},
    "muller": {"family_name": "Müller", "given_name": "Jürgen", "preferred_name": "Jupp"},
    "istanbul": {"family_name": "İstanbullu", "given_name": "Işıl"},
    "strauss": {"family_name": "Strauß", "given_name": "Zoë"},
    "obrien": {"family_name": "O’Brien", "given_name": "Aoife"},
    "dalmeida": {"family_name": "D'Almeida", "given_name": "Maria João"},
    "yamada": {"family_name": "山田", "given_name": "太郎"},
    "kim": {"family_name": "김", "given_name": "민준"},
    "petrova": {"family_name": "Петрова", "given_name": "Дарья"},
    "percent": {"family_name": "100% Real", "given_name": "Under_score"},
    "hyphen": {"family_name": "Costa-Lima", "given_name": "Ana"},
}


BY_NAME = {
    "nguyen": ["nguyen"],
    "Nguyễn": ["nguyen"],
    "NGUYỄN thi": ["nguyen"],
    "hong nguyen": ["nguyen"],
    "lukasz": ["lukasz"],
    "walesa luk": ["lukasz"],
    "sorensen ase": ["sorensen"],
    "Sørensen": ["sorensen"],
    "muller": ["muller"],
    "jurgen mul": ["muller"],
    "jupp": ["muller"],
    "istanbul": ["istanbul"],
    "ISTANBULLU": ["istanbul"],
    "ıstanbul isil": ["istanbul"],
    "strauss zoe": ["strauss"],
    "STRAUẞ": ["strauss"],
    "o'brien": ["obrien"],
    "O’Brien": ["obrien"],
    "obrien": ["obrien"],
    "brien aoife": ["obrien"],
    "o brien": ["obrien"],
    "almeida": ["dalmeida"],
    "d'almeida joao": ["dalmeida"],
    "山田": ["yamada"],
    "太郎": ["yamada"],
    "山田太郎": ["yamada"],
    "太郎 山田": ["yamada"],
    "김민준": ["kim"],
    "петрова": ["petrova"],
    "lima": ["hyphen"],
    "costa-lima": ["hyphen"],
    "  costa   ana ": ["hyphen"],
    "costa nguyen": [],
    "zzz": [],
}

BY_NOTHING = [
    "' OR 1=1--",
    "%",
    "%%",
    "n%yen",
    "_",
    "ng_yen",
    "\\",
    "\\%",
    "*",
    ";--",
    "nguyen' --x",
    "",
    " ",
    "\x00",
    "a@\udcff",
]


BY_DIGITS = [
    "+351912555014",
    "+351 912 555 014",
    "351912555014",
    "912555014",
    "912 555 014",
    "0912 555",
    "912-555-014",
    "(912) 555 014",
    "0035191",
    "00 351 912 555 014",
    "pereira 00351912555014",
    "９１２５５５",
    "P-000001",
    "p-000001",
    "p000001",
    "P-1",
    "p1",
    "000001",
    "1",
    "pereira P-1",
    "1991-06-21",
    "19910621",
    "1991",
    "ines.pereira@example.org",
    "INES.PEREIRA@EXAMPLE",
    "pereira 912555014",
    "pereira 1991",
]


@pytest.fixture
def people(inside, store_once):
    """Register everybody; the names by which tests know them, by id."""
    return store_once(_register_everybody)


def _register_everybody():
    with unit_of_work():
        return {patient_service.create(**fields).id: name for name, fields in PEOPLE.items()}


def found_by(queries, people):
    return {query: [people[patient.id] for patient in patient_service.search(query).rows] for query in queries}


@pytest.mark.slow
def test_names_are_found_by_their_parts_in_any_order_without_case_and_accents(people):
    assert found_by(BY_NAME, people) == BY_NAME


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.row(41)
def test_wildcards_and_quotes_are_literal_characters(people):
    assert found_by(BY_NOTHING, people) == {query: [] for query in BY_NOTHING}


@pytest.mark.slow
@pytest.mark.both_databases
def test_wildcards_in_a_name_are_found_as_they_stand(people):
    queries = ["100%", "100% real", "under_score", "under_"]

    assert found_by(queries, people) == {query: ["percent"] for query in queries}


@pytest.mark.slow
def test_a_phone_a_number_a_birth_date_and_an_address_are_found(inside):
    wanted = a_patient(phone="+351912555014", email="ines.pereira@example.org")
    a_patient(family_name="Noise", phone="+351213000000", email="noise@example.org", birth_date="2001-01-02")

    found = found_by(BY_DIGITS, {wanted.id: "wanted"})

    assert found == {query: ["wanted"] for query in BY_DIGITS}


PHONES = [
    ("Europe/Budapest", "+36301234567", ["06 30 123 4567", "06 30 12", "+36 06 30", "30 123", "0036 30 123"]),
    ("Europe/Moscow", "+79123456789", ["8 (912) 345-67-89", "8 912", "+7 912", "8\u2011912\u2011345"]),
    ("Europe/London", "+442079460018", ["+44 (0)20 7946 0018", "+44 (0)20 79", "٠٢٠ ٧٩٤٦", "०२० ७९४६ ००१८"]),
    ("America/New_York", "+351912555014;ext=12", ["011 351 912 555 014", "+351912555014;ext=12", "+351 912 555 014"]),
    ("Europe/Lisbon", "+351912555014;ext=12", ["912 555 014 ext. 12", "912555014", "\u2066912 555 014\u2069"]),
]


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(("zone", "phone", "queries"), PHONES)
def test_a_phone_is_found_by_the_text_by_which_it_is_entered(inside, here, zone, phone, queries):
    with here(a_clinic(name="Elsewhere", zone=zone).id):
        wanted = a_patient(phone=phone)
        a_patient(family_name="Noise", phone="+351213000000")

        assert found_by(queries, {wanted.id: "wanted"}) == {query: ["wanted"] for query in queries}


def test_another_extension_of_the_same_number_is_not_found_by_the_whole_text(inside):
    a_patient(phone="+351912555014;ext=13")

    assert patient_service.search("912 555 014 ext. 12").rows == []


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Mir\u200czadeh", "mirzadeh"),
        ("Mirzadeh", "mir\u200czadeh"),
        ("ක්\u200dරිස්", "ක්රිස්"),
        ("Costa", "\u202aco\u00adsta\u202c\u200b"),
        ("Costa", "costa\ufe0f"),
    ],
    ids=ascii,
)
def test_joiners_and_invisible_marks_are_ignored(inside, name, query):
    wanted = a_patient(family_name=name)

    assert found_by([query], {wanted.id: "wanted"}) == {query: ["wanted"]}


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("query", ["P-19", "p19", "P-19 pereira"])
def test_a_record_number_finds_no_birth_date_and_no_phone(inside, query):
    a_patient(birth_date="1975-03-01", phone="+351193000000")

    assert patient_service.search(query).rows == []


@pytest.mark.slow
def test_digits_alone_find_a_record_number_and_either_end_of_a_phone(inside):
    ids = [a_patient(birth_date="1975-01-01").id for _ in range(3)]
    ids += [a_patient(birth_date="1975-01-01", phone="+351212500212").id]

    assert [one.id for one in patient_service.search("2").rows] == [ids[1]]
    assert [one.id for one in patient_service.search("000002").rows] == [ids[1]]
    assert [one.id for one in patient_service.search("2125").rows] == [ids[3]]
    assert [one.id for one in patient_service.search("0212").rows] == [ids[3]]


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_whole_name_comes_before_what_begins_so_and_the_newest_first(inside):
    for family, first in (("Pereira", "Rui"), ("Per", "Ana"), ("Perez", "Mia"), ("Per", "Zita")):
        a_patient(family_name=family, given_name=first)

    found = patient_service.search("per").rows

    assert [patient.given_name for patient in found] == ["Zita", "Ana", "Rui", "Mia"]


def test_nobody_of_another_clinic_is_found(here, other_clinic, inside):
    with here(other_clinic.id):
        a_patient(family_name="Hidden")

    assert patient_service.search("hidden").rows == []


@pytest.mark.slow
def test_what_is_found_comes_in_portions(inside):
    ids = [a_patient(given_name=f"Number {count}").id for count in range(5)]

    first = patient_service.search("pereira", limit=3)
    rest = patient_service.search("pereira", limit=3, after=first.next_key)

    assert [patient.id for patient in (*first.rows, *rest.rows)] == ids[::-1]
    assert rest.next_key is None


@pytest.mark.slow
def test_a_changed_name_is_found_and_the_old_one_no_more(inside):
    patient = a_patient(family_name="Before", phone="+351912555014")

    patient_service.update(patient.id, version=1, family_name="After", phone=None)

    assert [one.id for one in patient_service.search("after").rows] == [patient.id]
    assert patient_service.search("before").rows == []
    assert patient_service.search("912555014").rows == []


NAMES = [
    "X",
    "ا" * 40,
    "שרה לוי",
    "👩‍👩‍👧‍👦 Family",
    "Z̸̢̛̖a̵͓͝l̷̰̾g̶̱̈́o̴͈͠",
    "İpek Iğdır ılgın",
    "O'Brien",
    "Null",
    "undefined",
    "<b>Bold</b>",
    "{{7*7}}",
    "${7*7}%s{0.__class__}",
    "a" * 200,
    "Ａｎａ",
    "ﬁancé",
    "𝒜𝓃𝒶",
    "Jean–Luc",
]


@pytest.mark.both_databases
@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(66)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_found_in_either_form(inside, form):
    names = {a_patient(family_name=unicodedata.normalize("NFC", name)).id: name for name in NAMES}

    for patient_id, name in names.items():
        found = patient_service.search(unicodedata.normalize(form, name), limit=200).rows
        assert patient_id in [patient.id for patient in found], name


names = st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "Pd", "Zs"]), min_size=1, max_size=30)


@pytest.mark.slow
@given(names)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_each_part_of_a_name_leads_to_its_patient(name):
    assume(not re.search(r"[pP]-?[0-9]", name))  # reads like a record number
    assume(not digits(name))  # reads like a number of another kind
    tokens = tokens_of(SearchableTexts(family_name=unicodedata.normalize("NFC", name), numbers=("P-000001",)))

    for term in terms_of(name, READING):
        assert any(form.matches(token) for form in term.forms for token in tokens), (term, tokens)


@pytest.mark.slow
@given(names)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_tokens_are_folded_without_spaces_and_of_bounded_length(name):
    tokens = tokens_of(SearchableTexts(family_name=name, given_name=name))

    assert all(token == fold(token) and 1 < len(token) <= LONGEST_TOKEN and " " not in token for token in tokens)


@pytest.mark.slow
@pytest.mark.both_databases
@on_postgresql_only
def test_a_search_is_planned_for_its_own_parameters_until_its_transaction_ends(here):
    setting = text("SHOW plan_cache_mode")
    with here():
        a_patient(family_name="Silva")
        before = db.session.scalar(setting)
        found = patient_service.search("silva").rows
        during = db.session.scalar(setting)
        db.session.rollback()
        after = db.session.scalar(setting)

    assert len(found) == 1
    assert (before, during, after) == ("auto", "force_custom_plan", "auto")
