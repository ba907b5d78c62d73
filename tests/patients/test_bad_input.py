"""Input that can't be accepted: the same words on pages, in JSON and on the command line, and nothing stored."""

import json

import pytest

from tests.assertions import pointers, row_counts, rows, spoken, words_about
from tests.builders import patient_fields

URL = "/api/v1/patients"
A_MEGABYTE = 1024 * 1024

WORDS = [
    ("birth_date", "2031-01-01", "Date of birth must be in the past"),
    ("birth_date", "1991-13-21", "Date of birth must be a real date, like 27 3 1987"),
    ("birth_date", "1991-02-30", "Date of birth must be a real date, like 27 3 1987"),
    ("birth_date", "0000", "Date of birth must be a real date, like 27 3 1987"),
    ("birth_date", "1700", "Date of birth must be less than 130 years ago"),
    ("birth_date", "21.06.1991", "Date of birth must be a real date, like 27 3 1987"),
    ("birth_date", "١٩٩١", "Date of birth must be a real date, like 27 3 1987"),
    ("email", "nobody", "Enter an e-mail address like name@example.org"),
    ("email", "a@b", "Enter an e-mail address like name@example.org"),
    ("email", "a b@example.org", "Enter an e-mail address like name@example.org"),
    ("email", "a@example.org,b@example.org", "Enter an e-mail address like name@example.org"),
    ("email", "Inês <a@example.org>", "Enter an e-mail address like name@example.org"),
    ("phone", "12", "Enter a phone number with its country code, like +351 912 555 014"),
    ("phone", "call me", "Enter a phone number with its country code, like +351 912 555 014"),
    ("phone", "+999 1234567", "Enter a phone number with its country code, like +351 912 555 014"),
    ("phone", "+351 912 555 014 ext. 5", "Enter a phone number with its country code, like +351 912 555 014"),
    ("sex", "yes", "Choose one of: female, male, other, unknown"),
    ("language", "Portuguese", "Enter a language tag like pt or pt-BR"),
    ("family_name", "x" * 201, "Enter at most 200 characters"),
    ("family_name", "a\u202eb", "Leave out control characters"),
    ("family_name", "a\nb", "Leave out control characters"),
    ("family_name", "a\u2028b", "Leave out control characters"),
    ("family_name", "Inês\r\nBcc: x@example.org", "Leave out control characters"),
    ("family_name", "a\x1b[31m", "Leave out control characters"),
    ("address", "x" * 501, "Enter at most 500 characters"),
]


@pytest.fixture
def untouched(app, client):
    """Fail the test if a row was stored anywhere, or one was changed."""
    before = row_counts(app)
    yield
    assert row_counts(app) == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("field", "value", "words"), WORDS)
def test_json_pages_and_commands_refuse_in_the_same_words(client, run, field, value, words):
    as_json = client.post(URL, json=patient_fields(**{field: value}))
    as_page = client.submit("/patients/new", **patient_fields(**{field: value}))
    as_command = run(
        "patients",
        "add",
        *(f"--{key.replace('_', '-')}={text}" for key, text in patient_fields(**{field: value}).items()),
    )

    assert (as_json.status_code, as_page.status_code, as_command.exit_code) == (422, 422, 2)
    assert as_json.json["errors"] == [{"pointer": f"#/{field}", "code": "invalid", "detail": words}]
    assert spoken(as_page.text).count(words) == 2
    assert as_command.stderr == f"Error: --{field.replace('_', '-')}: {words}\n"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "field", ["clinic_id", "id", "mrn", "is_admin", "role", "version", "created_at", "messages_agreed", "sort_name", ""]
)
def test_rows_32_and_56_a_field_that_nobody_may_set_is_refused(client, field):
    as_json = client.post(URL, json=patient_fields(**{field: "1"}))
    as_page = client.submit("/patients/new", **patient_fields(**{field: "1"})) if field not in {"version", ""} else None

    assert as_json.status_code == 422
    assert words_about(as_json, f"#/{field}" if field else "#") == "Unknown field."
    assert as_page is None or as_page.status_code == 422


def test_row_56_a_field_that_nobody_may_set_is_refused_in_a_change(app, client):
    patient = client.post(URL, json=patient_fields()).json
    before = rows(app, "patients")

    for field in ("clinic_id", "id", "mrn", "is_admin", "version"):
        answer = client.patch(f"{URL}/{patient['id']}", json={field: "1"}, headers={"If-Match": '"1"'})
        assert (answer.status_code, pointers(answer)) == (422, [f"#/{field}"])

    assert rows(app, "patients") == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("field", ["family_name", "birth_date", "sex", "email", "phone", "address", "language"])
def test_another_type_than_text_is_refused(client, field):
    for value in (1, 1.5, True, [], ["x"], {}, {"x": "y"}, 10**30):
        answer = client.post(URL, json=patient_fields(**{field: value}))
        assert answer.status_code == 422
        assert words_about(answer, f"#/{field}") == "Enter text"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("field", ["family_name", "given_name", "email", "phone", "address", "birth_date", "sex"])
def test_text_that_can_not_be_stored_is_refused(client, field):
    for text in ("a\x00b", "\ud800", "a\udfffb", "\u2066x", "a\x7fb"):
        body = json.dumps(patient_fields(**{field: text}))
        answer = client.post(URL, data=body, content_type="application/json")
        assert answer.status_code == 422
        assert words_about(answer, f"#/{field}") == "Leave out control characters"


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
def test_a_million_characters_are_refused(client):
    for field in ("family_name", "email", "phone", "address", "birth_date", "language", "sex"):
        answer = client.post(URL, json={field: "a" * 1_000_000})
        assert answer.status_code == 422
        assert f"#/{field}" in pointers(answer)


@pytest.mark.usefixtures("untouched")
def test_a_page_with_a_million_characters_is_shown_again(client):
    answer = client.submit("/patients/new", family_name="a" * 1_000_000)

    assert answer.status_code == 422
    assert "Enter at most 200 characters" in answer.text
    assert "New patient" in answer.text


@pytest.mark.usefixtures("untouched")
def test_row_62_more_than_a_megabyte_is_too_much(client):
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


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("content_type", ["application/json", "application/merge-patch+json"])
def test_row_64_what_is_no_json_object_is_refused(client, content_type):
    for body in NO_OBJECTS:
        answer = client.post(URL, data=body, content_type=content_type)
        assert answer.status_code == 400, body[:40]
        assert answer.content_type == "application/problem+json"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
def test_row_24_another_content_type_is_refused(client, content_type):
    answer = client.post(URL, data=json.dumps(patient_fields()), content_type=content_type)

    assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": ""},
    ],
)
def test_row_24_another_site_can_not_call_from_a_browser(client, headers):
    answer = client.post(URL, json=patient_fields(), headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}])
def test_row_24_programs_and_pages_of_ours_can_call(client, headers):
    assert client.post(URL, json=patient_fields(), headers=headers).status_code == 201


@pytest.mark.usefixtures("untouched")
def test_row_63_an_answer_does_not_grow_with_the_fields_that_were_sent(client):
    answer = client.post(URL, json=dict.fromkeys((f"{'x' * 300}{number}" for number in range(2000)), 1))

    assert (answer.status_code, len(answer.json["errors"])) == (422, 100)
    assert len(answer.data) < 30_000


@pytest.mark.usefixtures("untouched")
def test_every_problem_is_told_at_once(client):
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
    secret = "Canary4711"

    for field in ("family_name", "birth_date", "email", "phone", "sex", "language"):
        answer = client.post(URL, json=patient_fields(**{field: f"{secret}\x00" if field == "family_name" else secret}))
        assert answer.status_code == 422
        assert secret not in answer.text


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


@pytest.mark.parametrize("name", STORED)
def test_row_66_names_are_stored_as_they_were_given(client, run, name):
    as_json = client.post(URL, json={"family_name": name})
    as_page = client.submit("/patients/new", family_name=name)
    as_command = run("patients", "add", f"--family-name={name}", "--json")

    assert (as_json.status_code, as_page.status_code, as_command.exit_code) == (201, 303, 0)
    assert [one["family_name"] for one in client.get(URL).json["data"]] == [name] * 3
    assert client.get(as_page.location).status_code == 200


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", [" ", "\u00a0\u2003", "\t", "\u200b", "\u200d\u200e", "\ufeff", "\u00ad"])
def test_row_66_names_of_which_nothing_can_be_seen_are_refused(client, name):
    answers = (client.post(URL, json={"family_name": name}), client.submit("/patients/new", family_name=name))

    assert [answer.status_code for answer in answers] == [422, 422]
