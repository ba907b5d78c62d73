"""Patients as integrators see them."""

from uuid import UUID, uuid4

import pytest

from clinic.core.errors import StaleVersion
from clinic.patients.service import patient_service
from tests.assertions import masked, pointers, row_counts, rows, stored_events
from tests.builders import a_patient, patient_fields, somebody

URL = "/api/v1/patients"
MERGE = "application/merge-patch+json"
HOSTILE_TAGS = ['"2"', '"0"', '"01"', 'W/"1"', '"2", "3"', '"²"', '"-1"', '"9999999999"', '"x"', "abc"]
NO_IDS = [
    "0",
    "-1",
    "2147483648",
    "9223372036854775808",
    "1" * 5000,
    "1.0",
    "%201",
    "%D9%A1",
    "None",
    "..",
    "%00",
    "x" * 36,
]


@pytest.fixture
def patient(client):
    """A registered patient as JSON."""
    return client.post(URL, json=patient_fields(phone="+351912555014", email="ines@example.org")).json


def change(client, patient, version='"1"', **fields):
    return client.patch(f"{URL}/{patient['id']}", json=fields, headers={"If-Match": version} if version else {})


@pytest.mark.slow
def test_registering_answers_201_with_the_patient_its_address_and_version(client):
    answer = client.post(URL, json=patient_fields(email="ines@example.org"))

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{URL}/{answer.json['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.json.items() >= patient_fields(email="ines@example.org", mrn="P-000001", version=1).items()
    assert client.get(answer.headers["Location"]).json == answer.json


@pytest.mark.slow
def test_a_patient_has_exactly_the_documented_fields(client, patient):
    assert set(patient) == {
        "id",
        "mrn",
        "given_name",
        "family_name",
        "preferred_name",
        "former_names",
        "birth_date",
        "estimated_age",
        "age_on",
        "sex",
        "pronouns",
        "phone",
        "phone_use",
        "other_phones",
        "email",
        "email_use",
        "other_emails",
        "language",
        "address",
        "address_use",
        "other_addresses",
        "identifiers",
        "state",
        "deceased_on",
        "version",
        "created_at",
        "updated_at",
    }
    assert patient["created_at"].endswith("Z")


@pytest.mark.slow
def test_registering_stores_one_patient_and_one_event(app, client, clinic, patient):
    data = {"patient_id": patient["id"], "clinic_id": str(clinic.id)}

    assert [str(row["id"]) for row in rows(app, "patients")] == [patient["id"]]
    assert stored_events(app, "patient.created") == [data]
    assert [event["actor"][:4] for event in rows(app, "events")] == ["key:"]


@pytest.mark.slow
def test_input_is_normalised(client):
    answer = client.post(URL, json=patient_fields(family_name="  Nguye\u0302\u0303n  ", phone="912 555 014", sex=None))

    assert answer.status_code == 201
    assert answer.json.items() >= {"family_name": "Nguyễn", "phone": "+351912555014", "sex": "unknown"}.items()


@pytest.mark.slow
def test_a_patient_that_the_client_has_is_not_sent_again(client, patient):
    url = f"{URL}/{patient['id']}"

    known = client.get(url, headers={"If-None-Match": '"1"'})
    stale = client.get(url, headers={"If-None-Match": '"7"'})

    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", '"1"')
    assert (stale.status_code, stale.json) == (200, patient)


@pytest.mark.slow
def test_changing_answers_the_new_version(client, patient):
    answer = change(client, patient, family_name="Sousa")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json.items() >= {"family_name": "Sousa", "given_name": "Inês", "version": 2}.items()


@pytest.mark.slow
def test_null_clears_a_field_and_what_is_left_out_stays(client, patient):
    answer = client.patch(
        f"{URL}/{patient['id']}", data='{"phone": null}', headers={"If-Match": '"1"'}, content_type=MERGE
    )

    assert answer.status_code == 200
    assert answer.json.items() >= {"phone": None, "email": "ines@example.org", "sex": "female"}.items()


@pytest.mark.slow
def test_changing_without_if_match_is_refused(client, patient):
    answer = change(client, patient, version=None, family_name="Sousa")

    assert (answer.status_code, answer.json["code"]) == (428, "precondition-required")
    assert client.get(f"{URL}/{patient['id']}").json == patient


@pytest.mark.slow
def test_changing_another_version_is_refused(client, patient):
    for tag in HOSTILE_TAGS:
        assert change(client, patient, tag, family_name="Sousa").status_code == 412, tag

    assert client.get(f"{URL}/{patient['id']}").json == patient


@pytest.mark.slow
@pytest.mark.parametrize("version", ['"1", "2"', '"7","2"', 'W/"7", "x", "2"'])
def test_changing_takes_any_of_several_versions(client, patient, version):
    change(client, patient, family_name="Costa")

    answer = change(client, patient, version, family_name="Sousa")

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')


@pytest.mark.slow
def test_whatever_version_is_named_a_patient_that_is_not_ours_is_not_found(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = somebody().id

    for tag in [*HOSTILE_TAGS, '"1", "2"', "*"]:
        foreign, missing = (change(client, {"id": an_id}, tag, family_name="X") for an_id in (theirs, uuid4()))

        assert (foreign.status_code, foreign.get_json(force=True)["code"]) == (404, "not-found"), tag
        assert masked(foreign) == masked(missing)


def test_a_patient_that_is_gone_once_a_change_turns_out_stale_is_not_found(client, monkeypatch):
    def stale(*_args, **_fields):
        raise StaleVersion

    monkeypatch.setattr(patient_service, "update", stale)

    answer = change(client, {"id": uuid4()})

    assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "not-found")


@pytest.mark.slow
def test_changes_of_whatever_version_there_is_wait_for_each_other(app, client, patient, at_once):
    names = ["Sousa", "Costa", "Matos", "Reis"]

    outcomes = at_once(4, lambda n: patient_service.update(UUID(patient["id"]), version=None, family_name=names[n]))

    assert outcomes == [None] * 4
    assert client.get(f"{URL}/{patient['id']}").json["version"] == 5


@pytest.mark.slow
def test_one_of_several_changes_of_a_version_at_once_wins(app, patient, at_once):
    names = ["Sousa", "Costa", "Matos", "Reis"]

    outcomes = at_once(4, lambda n: patient_service.update(UUID(patient["id"]), version=1, family_name=names[n]))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "NoneType",
        "StaleVersion",
        "StaleVersion",
        "StaleVersion",
    ]


@pytest.mark.slow
def test_changing_whatever_version_there_is_takes_a_star(client, patient):
    assert change(client, patient, "*", family_name="Sousa").json["version"] == 2


@pytest.mark.slow
def test_changing_nothing_keeps_the_version(client, patient):
    assert change(client, patient).json == patient


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"family_name": None, "given_name": None}, {"family_name": "", "given_name": " "}])
def test_the_last_name_can_not_be_cleared(client, patient, fields):
    answer = change(client, patient, **fields)

    assert answer.status_code == 422
    assert pointers(answer) == ["#/family_name"]
    assert client.get(f"{URL}/{patient['id']}").json == patient


@pytest.mark.slow
def test_a_change_is_found_by_its_new_words(client, patient):
    change(client, patient, family_name="Sousa")

    assert [one["id"] for one in client.get(f"{URL}?q=sousa").json["data"]] == [patient["id"]]
    assert client.get(f"{URL}?q=pereira").json["data"] == []


@pytest.mark.slow
def test_search_takes_words_and_nothing_else(client, patient):
    client.post(URL, json=patient_fields(family_name="Noise", given_name="Nobody"))

    found = client.get(URL, query_string={"q": "inês per"})

    assert found.json == {"data": [patient], "next_cursor": None}
    assert client.get(URL, query_string={"q": "' OR 1=1--"}).json["data"] == []


@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_patient_of_another_clinic_answers_like_none_at_all(client, here, other_clinic, method):
    with here(other_clinic.id):
        theirs = somebody().id
    options = {"json": {"family_name": "X"}, "headers": {"If-Match": '"1"'}} if method == "patch" else {}

    foreign, missing = (getattr(client, method)(f"{URL}/{an_id}", **options) for an_id in (theirs, uuid4()))

    assert foreign.status_code == missing.status_code == 404
    assert masked(foreign) == masked(missing)
    assert {name: foreign.headers[name] for name in ("Content-Type", "Content-Length")} == {
        name: missing.headers[name] for name in ("Content-Type", "Content-Length")
    }


@pytest.mark.slow
@pytest.mark.row(65)
def test_what_is_no_id_is_not_found(client):
    for an_id in NO_IDS:
        found = [client.get(address + an_id).status_code for address in ("/patients/", f"{URL}/")]
        assert found == [404, 404], an_id


@pytest.mark.parametrize(
    ("url", "allowed"),
    [(URL, {"GET", "HEAD", "OPTIONS", "POST"}), ("/patients/new", {"GET", "HEAD", "OPTIONS", "POST"})],
)
def test_another_method_is_refused_naming_those_that_work(client, url, allowed):
    for method in ("put", "delete", "trace"):
        answer = getattr(client, method)(url)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.slow
def test_a_method_can_not_be_smuggled_in(app, client, patient):
    before = row_counts(app)

    client.get(f"{URL}/{patient['id']}", headers={"X-HTTP-Method-Override": "DELETE"})
    answer = client.get(f"{URL}?_method=DELETE")

    assert answer.status_code == 400
    assert row_counts(app) == before


@pytest.mark.slow
@pytest.mark.row(78)
def test_a_stale_change_is_answered_with_the_patient_as_it_is_now(client, here) -> None:
    with here():
        patient = a_patient(given_name="Inês")
    url = f"/api/v1/patients/{patient.id}"
    client.patch(url, json={"given_name": "Agnes"}, headers={"If-Match": '"1"'})

    answers = [client.patch(url, json={"given_name": "Ines"}, headers={"If-Match": tag}) for tag in ('"1"', '"x"')]

    for answer in answers:
        assert (answer.status_code, answer.headers["ETag"]) == (412, '"2"')
        assert answer.content_type == "application/problem+json"
        assert answer.get_json(force=True)["present"] == client.get(url).get_json()
