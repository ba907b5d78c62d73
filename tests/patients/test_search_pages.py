"""The results of a search on pages, and what a search leaves in the audit trail."""

import html
import re
from uuid import UUID

import pytest

from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import consent_service, patient_service
from tests.assertions import rows, spoken
from tests.billing.invoices import an_invoice
from tests.builders import MONDAY, a_patient, an_appointment
from tests.statements import counted_statements, of_rows


def results(client, **query):
    return results_of(client.get("/patients", query_string=query).text)


def results_of(page):
    return page.partition('id="patient-results"')[2].partition("</section>")[0]


def test_matched_letters_are_marked_and_the_reason_is_given(client, here):
    with here():
        a_patient(
            family_name="Peixoto", preferred_name="Perpétua", former_names=[{"family_name": "Pereira", "until": "2019"}]
        )

    page = results(client, q="ines per")

    assert "<mark>Inês</mark>" in page
    assert "until 2019: <mark>Per</mark>eira" in page
    assert "called: <mark>Per</mark>pétua" in page


def test_a_typing_error_is_named(client, here):
    with here():
        a_patient(family_name="Perez", given_name="Innes")

    assert "almost “ines”" in spoken(results(client, q="ines perez"))


def test_who_is_not_found_can_be_registered_with_what_was_typed(client, here):
    with here():
        a_patient(family_name="Zamora", given_name="Elena", birth_date="1978-03-27")

    page = results(client, q="zamora 27.3.1987")

    assert "matches “zamora”, not “27.3.1987”" in spoken(page)
    assert "Register “Zamora”, born 27-Mar-1987" in spoken(page)
    assert (
        "/patients/new?family_name=Zamora&amp;birth_date.year=1987&amp;birth_date.month=3&amp;birth_date.day=27" in page
    )


@pytest.mark.slow
def test_a_row_shows_the_next_visit_what_is_to_pay_and_what_changes_what_the_desk_does(client, here):
    with here():
        patient = a_patient(family_name="Zamora")
        an_appointment(patient, starts_at=MONDAY)
        an_invoice(patient)
        consent_service.withdraw_all(patient.id)

    page = spoken(client.get("/patients?q=zamora").text)

    assert "Next visit To pay" in page
    assert "No reminders" in page
    assert "Mon 26 Nov 2029 09:00 50,00" in page


@pytest.mark.slow
def test_an_archived_patient_is_found_when_asked_for(client, here):
    with here():
        patient = a_patient(family_name="Zamora")
        patient_service.archive(patient.id)

    assert "Nobody matches" in results(client, q="zamora")
    assert "Archived" in spoken(results(client, q="zamora", archived="1"))
    with here():
        patient_service.restore(patient.id)
    assert patient.mrn in results(client, q="zamora")


@pytest.mark.slow
def test_of_equal_matches_those_seen_lately_come_first(client, here):
    with here():
        ids = [a_patient(family_name="Zamora", given_name=name).id for name in ("Ana", "Rui", "Zita")]
    client.get(f"/patients/{ids[0]}")

    page = results(client, q="zamora")

    order = [page.index(f"/patients/{one}") for one in ids]
    assert order[0] < order[2] < order[1]


QUERIES = {
    "an exact number": "P-3",
    "digits": "5014",
    "a name": "ines",
    "more of a name than a page shows, in two spellings": "müll",
    "two names": "ines per",
    "a name and a birth date": "pereira 21.6.1991",
    "the end of a phone": "555014",
    "a typing error": "perreira",
    "a name and a typing error": "ines perreira 1991",
    "nothing": "zzzzz qqqqq",
}


@pytest.mark.slow
def test_a_search_writes_one_audit_entry_in_few_statements(app, client, here):
    with here(), unit_of_work():
        for number in range(25):
            a_patient(given_name=f"Ines {number}", phone="+351912555014")
            a_patient(family_name="Müller", given_name="Käthe")
    client.get("/api/v1/patients?q=ines")
    before = len(rows(app, "audit_entries"))

    pages, by_json = {}, {}
    for kind, query in QUERIES.items():
        with counted_statements(app) as of_page:
            client.get("/patients", query_string={"q": query})
        with counted_statements(app) as of_json:
            found = client.get("/api/v1/patients", query_string={"q": query, "limit": 20}).json
        with counted_statements(app) as of_next:
            cursor = found["next_cursor"] or ""
            client.get("/api/v1/patients", query_string={"q": query, "limit": 20, "cursor": cursor})
        pages[kind] = len(of_rows(of_page))
        by_json[kind] = max(len([one for one in of_rows(seen) if "api_keys" not in one]) for seen in (of_json, of_next))

    assert len(rows(app, "audit_entries")) == before + 3 * (len(QUERIES) - 1)
    assert max(by_json.values()) <= 4, by_json
    assert max(pages.values()) <= 12, pages


def test_the_next_page_goes_on_where_a_patient_stood_who_matches_no_more(client, here):
    with here(), unit_of_work():
        ids = [a_patient(given_name=f"Ines {number}").id for number in range(5)]
    first = client.get("/api/v1/patients?q=ines&limit=2").json
    with here():
        patient_service.update(ids[3], version=1, given_name="Rui")

    rest = client.get("/api/v1/patients", query_string={"q": "ines", "limit": 9, "cursor": first["next_cursor"]}).json

    assert [one["id"] for one in (*first["data"], *rest["data"])] == [str(one) for one in reversed(ids)]


def test_the_next_page_of_typing_errors_goes_on_though_its_word_is_had_by_nobody_any_more(client, here):
    with here(), unit_of_work():
        ids = [a_patient(family_name=name).id for name in ("Perez", "Peres", "Perek", "Perek")]
    first = client.get("/api/v1/patients?q=perer&limit=1").json
    with here():
        patient_service.update(UUID(first["data"][0]["id"]), version=1, family_name="Silva")

    rest = client.get("/api/v1/patients", query_string={"q": "perer", "limit": 9, "cursor": first["next_cursor"]}).json

    assert sorted(one["id"] for one in (*first["data"], *rest["data"])) == sorted(map(str, ids))


@pytest.mark.slow
def test_who_was_shown_first_as_seen_lately_is_not_shown_again_on_the_next_page(client, here):
    with here(), unit_of_work():
        ids = [a_patient(family_name="Zamora", given_name=f"Number {number}").id for number in range(30)]
    for one in ids[:8]:
        client.get(f"/patients/{one}")

    first = client.get("/patients?q=zamora").text
    (following,) = set(re.findall(r'href="(/patients\?[^"]*cursor=[^"]*)"', first))
    rest = client.get(html.unescape(following)).text

    shown = [re.findall(r'href="/patients/([0-9a-f-]{36})"', results_of(page)) for page in (first, rest)]
    assert sorted({*shown[0]} | {*shown[1]}) == sorted(map(str, ids))
    assert not {*shown[0]} & {*shown[1]}
