"""The lists of a patient's record as integrators see them."""

from typing import Any

import pytest

from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.assertions import pointers, rows
from tests.builders import patient_fields
from tests.statements import counted_statements, of_rows

URL = "/api/v1/patients"
LISTS: dict[str, Any] = {
    "former_names": [{"family_name": "Sousa", "given_name": None, "until": "2019-06", "reason": "Marriage"}],
    "other_phones": [{"value": "+351213456789", "use": "work", "valid_from": "2026-01-01", "valid_until": None}],
    "other_emails": [{"value": "work@example.org", "use": None, "valid_from": None, "valid_until": None}],
    "other_addresses": [{"value": "Rua 1\nLisboa", "use": "billing", "valid_from": None, "valid_until": "2030-12-31"}],
    "identifiers": [{"type": "passport", "value": "CA 12-3", "issuer": "Portugal"}],
}


@pytest.fixture
def patient(client):
    """A patient whose record has all lists."""
    return client.post(URL, json=patient_fields(phone="912 555 014", phone_use="mobile", **LISTS)).json


def change(client, patient, **fields):
    return client.patch(f"{URL}/{patient['id']}", json=fields, headers={"If-Match": f'"{patient["version"]}"'})


@pytest.mark.slow
def test_lists_are_returned_as_they_were_sent(client, patient):
    assert patient.items() >= LISTS.items()
    assert client.get(URL).json["data"] == [patient]


@pytest.mark.slow
def test_a_list_is_replaced_as_a_whole_and_others_stay(client, patient):
    changed = change(client, patient, other_phones=[{"value": "+351912555099"}], former_names=None).json

    assert [one["value"] for one in changed["other_phones"]] == ["+351912555099"]
    assert changed["former_names"] == []
    assert {name: changed[name] for name in ("other_emails", "identifiers")}.items() <= LISTS.items()
    assert changed["version"] == 2


ROWS = {"other_phones": "value", "other_emails": "value", "other_addresses": "value", "identifiers": "type"}


@pytest.mark.slow
def test_a_row_without_what_it_needs_is_refused_in_a_change_too(client, patient):
    for name, needed in {**ROWS, "former_names": "family_name"}.items():
        for row in ({}, {needed: None}):
            answer = client.patch(f"{URL}/{patient['id']}", json={name: [row]}, headers={"If-Match": '"1"'})
            assert (answer.status_code, f"#/{name}/0/{needed}" in pointers(answer)) == (422, True), (name, row)


def test_every_problem_of_a_list_is_reported_at_its_field(client):
    sent = {
        "former_names": [{"until": "2999"}],
        "other_phones": [{"value": "12"}, {"value": "912 555 014", "use": "fax"}],
        "other_emails": [{"value": "a@b.example"}, {"value": "a@b.example"}],
        "other_addresses": [{"valid_from": "2026-02-01", "valid_until": "2026-01-01"}],
        "identifiers": [{"type": "pt-nif", "value": "501442601"}, {"type": "ssn", "value": "1"}],
    }

    answers = [client.post(URL, json=patient_fields(**{name: value})) for name, value in sent.items()]

    assert {answer.status_code for answer in answers} == {422}
    assert [pointers(answer) for answer in answers] == [
        ["#/former_names/0/until", "#/former_names/0/family_name"],
        ["#/other_phones/1/use"],
        ["#/other_emails/1/value"],
        ["#/other_addresses/0/value", "#/other_addresses/0/valid_until"],
        ["#/identifiers/1/type"],
    ]


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("pt-nif", "501 442 601", "The check digit does not fit"),
        ("gb-nhs", "943 476 5871", "The check digit does not fit"),
        ("es-dni", "54362315Z", "The check digit does not fit"),
        ("es-nie", "X-2482300", "another number of characters"),
        ("fr-nir", "2 95 10 99 126 111 94", "The check digit does not fit"),
        ("gb-nhs", "N/A", "not how a UK NHS number is written"),
    ],
)
def test_a_number_that_can_not_be_right_is_refused_with_the_reason(client, type_, value, words):
    answer = client.post(URL, json=patient_fields(identifiers=[{"type": type_, "value": value}]))

    assert (answer.status_code, pointers(answer)) == (422, ["#/identifiers/0/value"])
    assert words in answer.json["errors"][0]["detail"]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        ("pt-nif", "501 442 600", "501442600"),
        ("gb-nhs", "943-476-5870", "9434765870"),
        ("es-dni", "54362315-k", "54362315K"),
        ("fr-nir", "2 95 10 99 126 111 93", "295109912611193"),
        ("other", "X / 1-2", "X / 1-2"),
    ],
)
def test_a_number_is_stored_without_the_separators_of_its_type(client, type_, value, stored):
    answer = client.post(URL, json=patient_fields(identifiers=[{"type": type_, "value": value}]))

    assert answer.json["identifiers"] == [{"type": type_, "value": stored, "issuer": None}]


@pytest.mark.slow
def test_an_age_stands_for_a_birth_date(client):
    aged = client.post(URL, json={"family_name": "Unknown", "estimated_age": 40, "age_on": "2026-01-31"})
    both = change(client, aged.json, birth_date="1986")
    clear = change(client, aged.json, birth_date="1986", estimated_age=None)

    assert (aged.status_code, aged.json["estimated_age"], aged.json["age_on"]) == (201, 40, "2026-01-31")
    assert (both.status_code, pointers(both)) == (422, ["#/estimated_age"])
    assert (clear.json["birth_date"], clear.json["age_on"]) == ("1986", None)


@pytest.mark.breadth
@pytest.mark.parametrize("age", [-1, 130, "x", 4.5])
def test_an_age_that_nobody_has_is_refused(client, age):
    assert pointers(client.post(URL, json={"family_name": "X", "estimated_age": age})) == ["#/estimated_age"]


def test_another_phone_is_used_by_one_act(client, patient):
    url = f"{URL}/{patient['id']}/use-contact"
    body = {"kind": "phone", "value": "+351213456789"}

    answer = client.post(url, json=body, headers={"If-Match": '"1"'})
    stale = client.post(url, json=body, headers={"If-Match": '"1"'})
    missing = client.post(url, json=body)

    assert (answer.json["phone"], answer.json["phone_use"], answer.headers["ETag"]) == (body["value"], "work", '"2"')
    assert [(one["value"], one["use"]) for one in answer.json["other_phones"]] == [("+351912555014", "mobile")]
    assert (stale.status_code, missing.status_code) == (412, 422)


def test_who_may_not_see_contact_neither_gets_nor_sends_other_contacts(app, client, clinic, patient):
    with app.app_context(), clinic_scope(clinic.id):
        _, client.key = api_key_service.create(label="no contact", scopes=["patients:read", "patients:write"])

    seen = client.get(f"{URL}/{patient['id']}")
    sent = change(client, patient, other_phones=[], phone_use="home")
    used = client.post(f"{URL}/{patient['id']}/use-contact", json={"kind": "phone", "value": "+351213456789"})

    assert not any(word in seen.text for word in ("213456789", "work@example", "Rua 1", "mobile"))
    assert seen.json["identifiers"] == LISTS["identifiers"]
    assert pointers(sent) == ["#/other_phones", "#/phone_use"]
    assert (used.status_code, pointers(used)) == (422, ["#/value"])
    assert client.get(f"{URL}?q=213456789").json["data"] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/{id}"])
def test_reading_takes_at_most_four_statements_whatever_the_lists(app, client, patient, path):
    client.post(URL, json=patient_fields(**LISTS))

    with counted_statements(app) as statements:
        answer = client.get(URL + path.format(**patient))

    assert answer.status_code == 200
    assert len(of_rows(statements)) <= 4, statements


@pytest.mark.slow
def test_a_change_of_a_list_is_recorded_under_the_patient(app, client, patient):
    change(client, patient, other_phones=[{**LISTS["other_phones"][0], "use": "home"}])

    [entry] = [
        one for one in rows(app, "audit_entries") if (one["action"], one["record"]) == ("changed", "patient_details")
    ]
    assert (str(entry["patient_id"]), entry["changes"]) == (patient["id"], {"use": ["work", "home"]})
