"""Pages of lists: everybody once, whatever is registered meanwhile."""

from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import patient_service
from tests.builders import a_patient, patient_fields, somebody

URL = "/api/v1/patients"


MANY = 60


@pytest.fixture
def many(inside, store_once):
    """Register 60 people; their ids, the latest first."""
    return store_once(_many)


def _many():
    with unit_of_work():
        return [str(a_patient(given_name=f"Number-{count:02}-", email=None).id) for count in range(MANY)][::-1]


def walk(client, url, **query):
    """Return the ids of each page of a list, going on as each one says."""
    while url:
        answer = client.get(url, query_string=query or None)
        yield [row["id"] for row in answer.json["data"]]
        url, query = answer.headers.get("Link", "").partition(">")[0].removeprefix("<"), {}


@pytest.mark.slow
def test_everybody_is_listed_exactly_once_while_others_are_registered(many, client):
    seen = []
    for page in walk(client, URL, limit=15):
        seen += page
        assert client.post(URL, json=patient_fields(given_name="Newcomer")).status_code == 201

    assert seen == many


@pytest.mark.slow
def test_everybody_who_is_found_is_listed_exactly_once(many, client):
    seen = [an_id for page in walk(client, URL, q="number", limit=25) for an_id in page]

    assert len(seen) == len(set(seen)) == len(many)
    assert set(seen) == set(many)


@pytest.mark.slow
def test_everybody_who_is_found_is_listed_exactly_once_while_others_are_registered(many, client):
    seen = []
    for page in walk(client, URL, q="pereira", limit=15):
        seen += page
        for name in ("Aaron", "Number 7x", "Zoe"):
            assert client.post(URL, json=patient_fields(given_name=name)).status_code == 201

    assert len(seen) == len(set(seen))
    assert set(many) <= set(seen)


@pytest.mark.slow
def test_the_cursor_of_a_search_shows_no_name(many, client):
    by_api = client.get(URL, query_string={"q": "per num", "limit": 20})
    page = client.get("/patients?q=per+num").text
    on_page = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")

    for url in (by_api.headers["Link"].partition(">")[0], on_page):
        cursor = parse_qs(urlsplit(url).query)["cursor"][0]
        held = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).lower()
        assert [word for word in (b"number", b"pereira", b"per", b"eira") if word in held] == []


def test_a_search_behind_somebody_who_is_not_there_starts_anew(inside, here, other_clinic):
    ours = [a_patient(given_name=name).id for name in ("Ana", "Rui")]
    with here(other_clinic.id):
        theirs = a_patient(given_name="Mia").id

    for stranger in (theirs, UUID(int=0)):
        assert [patient.id for patient in patient_service.search("pereira", after=(stranger,)).rows] == ours[::-1]


def test_the_next_cursor_and_the_link_lead_to_the_same_page(inside, client):
    for _ in range(3):
        somebody()

    first = client.get(f"{URL}?limit=2")
    by_cursor = client.get(URL, query_string={"limit": 2, "cursor": first.json["next_cursor"]})
    by_link = client.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert by_cursor.json == by_link.json
    assert len(by_link.json["data"]) == 1
    assert by_link.json["next_cursor"] is None
    assert "Link" not in by_link.headers


def test_a_page_of_exactly_the_rest_is_the_last_one(inside, client):
    for _ in range(2):
        somebody()

    assert client.get(f"{URL}?limit=2").json["next_cursor"] is None


@pytest.mark.slow
def test_the_pages_of_the_list_show_everybody_exactly_once(many, client):
    url, seen = "/patients", []
    while url:
        page = client.get(url).text
        seen += [count for count in range(MANY) if f"Number-{count:02}-" in page]
        url = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0] if 'rel="next"' in page else ""
        url = url.replace("&amp;", "&")

    assert sorted(seen) == list(range(MANY))


@pytest.fixture
def cursor(inside, client):
    """A cursor of the list of all patients."""
    for _ in range(2):
        somebody()
    return client.get(f"{URL}?limit=1").json["next_cursor"]


def test_a_cursor_of_another_list_is_refused(client, cursor):
    for url in (
        f"{URL}?q=pereira&cursor=",
        "/api/v1/practitioners?cursor=",
        "/api/v1/appointments?cursor=",
        "/patients?cursor=",
    ):
        answer = client.get(url + cursor)
        assert answer.status_code == 400, url


def test_a_cursor_that_was_tampered_with_is_refused(client, cursor):
    middle = len(cursor) // 2
    forged = [
        cursor[:-1],
        cursor + "x",
        cursor[::-1],
        cursor[:middle],
        f"{cursor[:middle]}.{cursor[middle:]}",
        "x",
        "....",
        "W10.x",
        "é",
        "' OR 1=1--",
    ]

    assert {one: client.get(URL, query_string={"cursor": one}).status_code for one in forged} == dict.fromkeys(
        forged, 400
    )


@pytest.mark.row(43)
def test_a_limit_that_is_no_number_of_rows_is_refused(client):
    answer = client.get(URL, query_string={"limit": "²"})

    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {"pointer": "#/limit", "code": "invalid", "detail": "Enter a whole number from 1 to 200"}
    ]


@pytest.mark.parametrize("url", [URL, "/patients"])
def test_a_parameter_that_stands_there_twice_is_refused(client, url):
    assert [client.get(f"{url}?{query}").status_code for query in ("cursor=a&cursor=b", "q=a&q=b")] == [400, 400]


@pytest.mark.row(42)
def test_an_unknown_parameter_is_refused_naming_the_known_ones(client):
    answer = client.get(f"{URL}?order=name")
    known = "balance, consent, cursor, limit, no_visit, q, sort, status, updated_since"

    assert answer.status_code == 400
    assert answer.json["detail"] == f"There is no such parameter here; known are: {known}"
    for url in ("/patients?sort=name;--", f"{URL}?sort=name;--", f"{URL}?sort=(CASE WHEN 1 THEN name END)"):
        assert client.get(url).status_code == 422, url


@pytest.mark.parametrize("url", [URL, "/patients"])
def test_words_that_nobody_can_have_typed_are_refused(client, url):
    assert client.get(url, query_string={"q": "\x00"}).status_code == 422


def test_another_clinic_lists_its_own_patients_only(inside, here, other_clinic):
    ours = a_patient().id
    with here(other_clinic.id):
        theirs = a_patient().id
        assert [patient.id for patient in patient_service.list().rows] == [theirs]

    assert [patient.id for patient in patient_service.list().rows] == [ours]
