"""Invalid input to pages, JSON and commands is refused with the messages of the schema; nothing is stored."""

import json

import pytest

from tests.assertions import pointers, row_counts, rows, spoken, words_about
from tests.builders import patient_fields

URL = "/api/v1/patients"
A_MEGABYTE = 1024 * 1024


@pytest.fixture
def untouched(app, client):
    """Fail the test if a row was stored or deleted anywhere."""
    before = row_counts(app)
    yield
    assert row_counts(app) == before


@pytest.mark.usefixtures("untouched")
def test_json_pages_and_commands_refuse_with_the_same_messages(client, run):
    fields = patient_fields(birth_date="1991-02-30")
    message = "Date of birth must be a real date, like 27 3 1987"

    as_json = client.post(URL, json=fields)
    as_page = client.submit("/patients/new", **fields)
    as_command = run("patients", "add", *(f"--{name.replace('_', '-')}={value}" for name, value in fields.items()))

    assert (as_json.status_code, as_page.status_code, as_command.exit_code) == (422, 422, 2)
    assert as_json.json["errors"] == [{"pointer": "#/birth_date", "code": "invalid", "detail": message}]
    assert spoken(as_page.text).count(message) == 2
    assert as_command.stderr == f"Error: --birth-date: {message}\n"


@pytest.mark.row(32)
@pytest.mark.row(56)
@pytest.mark.usefixtures("untouched")
def test_a_field_that_nobody_may_set_is_refused(client):
    as_json = client.post(URL, json=patient_fields(clinic_id="1"))
    without_name = client.post(URL, json=patient_fields(**{"": "1"}))
    as_page = client.submit("/patients/new", **patient_fields(clinic_id="1"))

    assert (as_json.status_code, without_name.status_code, as_page.status_code) == (422, 422, 422)
    assert words_about(as_json, "#/clinic_id") == "Unknown field."
    assert words_about(without_name, "#") == "Unknown field."


@pytest.mark.row(56)
def test_a_field_that_nobody_may_set_is_refused_in_a_change(app, client):
    patient = client.post(URL, json=patient_fields()).json
    before = rows(app, "patients")

    answer = client.patch(f"{URL}/{patient['id']}", json={"clinic_id": "1"}, headers={"If-Match": '"1"'})

    assert (answer.status_code, pointers(answer)) == (422, ["#/clinic_id"])
    assert rows(app, "patients") == before


@pytest.mark.usefixtures("untouched")
def test_text_that_can_not_be_stored_is_refused(client):
    body = json.dumps(patient_fields(address="\ud800"))

    answer = client.post(URL, data=body, content_type="application/json")

    assert answer.status_code == 422
    assert words_about(answer, "#/address") == "Leave out control characters"


@pytest.mark.usefixtures("untouched")
def test_a_name_that_can_not_be_stored_is_refused_as_the_name_of_a_field(client):
    answer = client.post(URL, data=r'{"\ud800": 1, "a/b~c": 1, "family_name": "X"}', content_type="application/json")

    assert answer.status_code == 422
    assert sorted(pointers(answer)) == ["#/\\ud800", "#/a~1b~0c"]


@pytest.mark.usefixtures("untouched")
def test_bytes_that_are_no_text_are_refused_on_pages_too(client):
    token = client.token().encode()
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"csrf_token", token) + part % (b"family_name", b"Pereir\xff") + b"--x--\r\n"

    answer = client.post("/patients/new", data=body, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 422


@pytest.mark.usefixtures("untouched")
def test_a_page_with_a_million_characters_is_shown_again(client):
    answer = client.submit("/patients/new", family_name="a" * 1_000_000)

    assert answer.status_code == 422
    assert "Enter at most 200 characters" in answer.text
    assert "New patient" in answer.text


@pytest.mark.row(62)
@pytest.mark.usefixtures("untouched")
def test_more_than_a_megabyte_is_too_much(client):
    too_much = "a" * (A_MEGABYTE + 1)

    as_json = client.post(URL, json={"family_name": too_much})
    as_page = client.post("/patients/new", data={"family_name": too_much})
    parts = '--x\r\nContent-Disposition: form-data; name="family_name"\r\n\r\n' + too_much + "\r\n--x--\r\n"
    in_parts = client.post("/patients/new", data=parts, content_type="multipart/form-data; boundary=x")

    assert [answer.status_code for answer in (as_json, as_page, in_parts)] == [413, 413, 413]
    assert as_json.json["code"] == "request-entity-too-large"


NO_OBJECTS = [
    b"[]",
    b"null",
    b'"x"',
    b"1",
    b"true",
    b"{",
    b'{"family_name": "X",}',
    b'{"family_name": NaN}',
    b'{"family_name": Infinity}',
    b'{"family_name": "X", "family_name": "Y"}',
    b'{"family_name": "X", "address": {"a": 1, "a": 2}}',
    b'\xef\xbb\xbf{"family_name": "X"}',
    b'{"family_name": "\xff"}',
    b'{"family_name": "\xed\xa0\x80"}',
    b"{'family_name': 'X'}",
    b'{"family_name": "X"} trailing',
    b'{"family_name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"[" * 100_000,
    b'{"family_name": ' + b"1" * 5000 + b"}",
    b"\x00",
]


@pytest.mark.row(64)
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("content_type", ["application/json", "application/merge-patch+json"])
def test_what_is_no_json_object_is_refused(client, content_type):
    for body in NO_OBJECTS:
        answer = client.post(URL, data=body, content_type=content_type)
        assert answer.status_code == 400, body[:40]
        assert answer.content_type == "application/problem+json"


OTHER_CONTENT_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
    "",
]
OTHER_SITES = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": ""},
]


@pytest.mark.row(24)
@pytest.mark.usefixtures("untouched")
def test_another_content_type_is_refused(client):
    for content_type in OTHER_CONTENT_TYPES:
        answer = client.post(URL, data=json.dumps(patient_fields()), content_type=content_type)
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type"), content_type


@pytest.mark.row(24)
@pytest.mark.usefixtures("untouched")
def test_another_site_can_not_call_from_a_browser(client):
    for headers in OTHER_SITES:
        assert client.post(URL, json=patient_fields(), headers=headers).status_code == 403, headers


@pytest.mark.slow
@pytest.mark.row(24)
def test_programs_and_pages_of_ours_can_call(client):
    for headers in ({}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post(URL, json=patient_fields(), headers=headers).status_code == 201, headers


@pytest.mark.row(63)
@pytest.mark.usefixtures("untouched")
def test_an_answer_does_not_grow_with_the_fields_that_were_sent(client):
    answer = client.post(URL, json=dict.fromkeys((f"{'x' * 300}{number}" for number in range(2000)), 1))

    assert (answer.status_code, len(answer.json["errors"])) == (422, 100)
    assert len(answer.data) < 30_000


@pytest.mark.usefixtures("untouched")
def test_every_problem_is_reported_at_once(client):
    answer = client.post(URL, json={"birth_date": "1700", "email": "x", "phone": "1", "sex": "x", "is_admin": True})

    assert sorted(pointers(answer)) == ["#/birth_date", "#/email", "#/family_name", "#/is_admin", "#/phone", "#/sex"]


@pytest.mark.usefixtures("untouched")
def test_a_problem_has_everything_that_rfc_9457_names(client):
    answer = client.post(URL, json={}, headers={"X-Request-ID": "desk-17"})

    assert answer.content_type == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "desk-17"
    assert answer.json == {
        "type": "urn:clinic:problem:invalid",
        "title": "There is a problem",
        "status": 422,
        "detail": "Some of the input can't be accepted: see errors",
        "instance": "urn:clinic:request:desk-17",
        "code": "invalid",
        "errors": [
            {"pointer": "#/family_name", "code": "invalid", "detail": "Enter the family name or the given name"}
        ],
    }


@pytest.mark.usefixtures("untouched")
def test_no_problem_repeats_what_was_sent(client):
    fields = dict.fromkeys(("birth_date", "email", "phone", "sex", "language"), "Canary4711")

    answer = client.post(URL, json=fields | {"family_name": "Canary4711\x00", "given_name": "Inês"})

    assert (answer.status_code, len(pointers(answer))) == (422, 6)
    assert "Canary4711" not in answer.text


STORED = [
    "X",
    "ا" * 200,
    "שרה לוי",
    "👩‍👩‍👧‍👦",
    "Z̸̢̛̖a̵͓͝l̷̰̾g̶̱̈́o̴͈͠",
    "İpek Iğdır",
    "O'Brien",
    "Null",
    "<b>Bold</b>",
    "=1+1",
    "a" * 200,
]


@pytest.mark.slow
@pytest.mark.row(66)
def test_names_are_stored_as_they_were_given(client):
    for name in STORED:
        assert client.post(URL, json={"family_name": name}).status_code == 201

    assert [one["family_name"] for one in client.get(URL).json["data"]] == STORED[::-1]


@pytest.mark.slow
@pytest.mark.row(66)
def test_names_from_pages_and_commands_are_stored_as_they_were_given(client, run):
    for name in STORED:
        page = client.submit("/patients/new", family_name=name)
        command = run("patients", "add", f"--family-name={name}", "--json")

        assert (page.status_code, command.exit_code) == (303, 0), name
        assert client.get(page.location).status_code == 200, name

    assert [one["family_name"] for one in client.get(URL).json["data"]] == [
        name for name in STORED[::-1] for _ in range(2)
    ]
