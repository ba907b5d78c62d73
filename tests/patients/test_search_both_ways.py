"""Every name and number is found in the ways in which people type it, and by nothing that only looks alike."""

from typing import Any

import pytest

from clinic.core.context import current_actor
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import patient_service
from tests.builders import a_patient
from tests.fixtures import StoreOnce

NAMES: list[tuple[str, str, list[str]]] = [
    ("O‘Connor", "Sinéad", ["o'connor", "O’Connor", "oconnor", "O`CONNOR sinead", "connor sin"]),
    ("Kaʻahumanu", "Leilani", ["kaahumanu", "Kaʻahumanu", "ka'ahumanu", "lei kaa"]),
    ("ʿAlī", "Zaynab", ["ali zay", "'ali zaynab", "ʿAlī", "Alī"]),
    ("Weiß", "Jörg", ["weiss", "weiß", "WEISS", "joerg weiss", "jorg", "wiess"]),
    ("Müller", "Käthe", ["muller", "mueller", "müller", "kaethe muell", "kathe", "Müler", "mulelr"]),
    ("Sørensen", "Åse", ["sorensen", "soerensen", "sörensen", "aase sor", "ase soer"]),
    ("Kjær", "Bjørn", ["kjaer", "bjorn kjaer", "bjoern"]),
    ("Wałęsa", "Łukasz", ["walesa", "lukasz wal", "WAŁĘSA"]),
    ("Aagaard-Schroeder", "Aase-Maj", ["Ågård", "Schröder maj", "ågård åse", "aagaardschroeder"]),
    ("Παπαδόπουλος", "Ευαγγελία", ["papadopoulos", "papadopulos evangelia", "παπαδοπουλος", "ΠΑΠΑΔΌΠΟΥΛΟΣ"]),
    ("Петрова", "Дарья", ["petrova", "daria petrova", "darya", "дарья", "pet dar"]),
    ("Христова", "Дарина", ["chr dar", "dar chr", "hristova darina", "khr dar"]),
    ("Ху", "Дирк", ["khu dir", "dirk khu"]),
    ("Kuznetsov", "Ilya", ["Кузнецов".replace("ц", "тс"), "kuznetsov"]),
    ("सीता", "देवी", ["सीता", "देवी सीता", "सी"]),
    ("ใจดี", "สมชาย", ["ใจดี", "สมชาย ใจดี"]),
    ("ចាន់", "សុខា", ["ចាន់", "សុខា"]),
    ("山田", "太郎", ["山田", "太郎 山田", "山田太郎"]),
    (
        "Zamora",
        "Elena",
        ["zamora 27.3.87", "Zamora 1987-03-27", "zamora 912 555", "elena 5014", "zamroa", "27 Mar 1987"],
    ),
]

STRANGERS = [("सुनीता", "कुमारी"), ("Pereira", "Inês"), ("Muster", "Kurt"), ("Wisse", "Ola"), ("Zamorano", "Luis")]

NUMBERS = [
    *(
        "21.6.91",
        "21/06/1991",
        "21 Jun 1991",
        "21-Jun-1991",
        "1991-06-21",
        "21 junho 1991",
        "June 1991",
        "1991",
        "19910621",
    ),
    *("912 555", "+351 912 555 014", "00351 912", "0912555", "5014", "55 50 14", "555 014", "351912555014"),
    *("P-000001", "p1", "P-1", "000001", "1", "ines.pereira@ex", "INES.PEREIRA@example.org", "pereira 5014 1991"),
]


@pytest.fixture
def ids(inside: None, store_once: StoreOnce) -> dict[str, Any]:
    """Register everybody; the ids by family name."""
    return store_once(_everybody)  # type: ignore[no-any-return]


def _everybody() -> dict[str, Any]:
    with unit_of_work():
        people = {family: a_patient(family_name=family, given_name=given).id for family, given in STRANGERS}
        for family, given, _ in NAMES:
            born = {"birth_date": "1987-03-27", "phone": "+351912555014"} if family == "Zamora" else {}
            people[family] = a_patient(family_name=family, given_name=given, **born).id
    return people


@pytest.mark.slow
def test_each_name_is_found_in_every_way_it_is_typed(ids):
    found = {
        (family, query): [one.id for one in patient_service.search(query).rows][:1]
        for family, _, queries in NAMES
        for query in queries
    }

    assert found == {key: [ids[key[0]]] for key in found}


@pytest.mark.slow
def test_each_name_is_found_by_itself_first(ids):
    for family, given, _ in NAMES:
        for query in (family, given, f"{given} {family}", f"{family.upper()} {given[:2]}"):
            assert patient_service.search(query).rows[0].id == ids[family], query


@pytest.mark.slow
def test_a_name_that_only_looks_alike_is_not_found(ids):
    found = {
        query: {one.family_name for one in patient_service.search(query).rows} for query in ("सीता", "weiß", "wisse")
    }

    assert found == {"सीता": {"सीता"}, "weiß": {"Weiß"}, "wisse": {"Wisse"}}


def test_numbers_and_dates_are_found_in_every_usual_form(inside):
    wanted = a_patient(email="ines.pereira@example.org", phone="+351912555014")
    a_patient(family_name="Noise", birth_date="2001-02-03", phone="+351213000000", email="noise@example.org")

    found = {query: [one.id for one in patient_service.search(query).rows] for query in NUMBERS}

    assert found == {query: [wanted.id] for query in NUMBERS}


@pytest.mark.slow
def test_a_typing_error_is_found_behind_what_is_exact_and_shown_as_such(inside):
    for family in ("Weiss", "Wiess", "Weissmann", "Wies"):
        a_patient(family_name=family, given_name="Ola")

    found = patient_service.find_matches("wiess ola").rows

    assert [(one.patient.family_name, one.almost) for one in found] == [
        ("Wiess", None),
        ("Weiss", "wiess"),
        ("Wies", "wiess"),
    ]


@pytest.mark.slow
def test_two_whole_names_come_before_more_beginnings_than_a_page_shows(inside):
    ids = [a_patient(family_name="Sil", given_name="Ana").id]
    ids += [a_patient(family_name="Silveira", given_name="Anabela").id for _ in range(5)]

    found = patient_service.search("ana sil", limit=3)
    rest = patient_service.search("ana sil", limit=3, after=found.next_key)

    assert [one.id for one in (*found.rows, *rest.rows)] == [ids[0], *ids[:0:-1]]


@pytest.mark.slow
def test_pages_of_exact_and_similar_names_show_everybody_once(inside):
    names = ["Perez"] * 3 + ["Peres"] * 4 + ["Perezagua"] * 2 + ["Pérez"]
    ids = [a_patient(family_name=name, given_name="Ana").id for name in names]

    seen, after = [], None
    while True:
        page = patient_service.find_matches("perez ana", limit=3, after=after)
        seen += [match.patient.id for match in page.rows]
        if page.next_key is None:
            break
        after = page.next_key

    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(ids)


def test_contact_details_find_nobody_for_who_may_not_see_them(inside, monkeypatch):
    a_patient(email="ines.pereira@example.org", phone="+351912555014")
    may = {"patients:read"}
    monkeypatch.setattr(type(current_actor()), "has_permission", lambda _, permission: permission in may)

    found = {query: patient_service.search(query).rows for query in ("912 555", "5014", "ines.pereira@example.org")}

    assert found == {query: [] for query in found}


def test_who_changed_the_name_is_found_by_the_new_one_only_and_its_word_is_forgotten(inside):
    patient = a_patient(family_name="Beforehand")

    patient_service.update(patient.id, version=1, family_name="Afterwards")

    assert [one.id for one in patient_service.search("aftewards").rows] == [patient.id]
    assert patient_service.search("beforhand").rows == []
    assert patient_service.search("beforehand").rows == []
