"""Forms and addresses whose bytes are not UTF-8 are refused before any view reads them."""

import pytest

from tests.assertions import row_counts, spoken

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
UNREADABLE = "some characters could not be read: nothing was saved"


def parts(value: bytes, head: bytes = b"") -> bytes:
    """Return a multipart form with one field."""
    before = b'--x\r\nContent-Disposition: form-data; name="family_name"'
    return before + head + b"\r\n\r\n" + value + b"\r\n--x--\r\n"


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"family_name=Jos%E9", FORM),
        (b"family_name=Jos%e9&given_name=Ana", FORM),
        (b"family_name=Jos\xe9", FORM),
        (b"family_name=%ED%A0%80", FORM),
        (b"family_name=%C3", FORM),
        (b"Jos%E9=1&family_name=Ana", FORM),
        (b"family_name=Jos%E9", FORM + "; charset=iso-8859-1"),
        (parts(b"Jos\xe9"), PARTS),
    ],
)
@pytest.mark.parametrize("url", ["/patients/new", "/appointments/new", "/invoices/new", "/login"])
def test_a_form_that_is_not_utf_8_is_refused_and_writes_nothing(app, client, url, body, content_type):
    before = row_counts(app)

    answer = client.post(url, data=body, content_type=content_type)

    assert answer.status_code == 422
    assert UNREADABLE in spoken(answer.text)
    assert row_counts(app) == before


def test_a_multipart_field_may_declare_its_encoding(client):
    body = parts(b"Jos\xe9", head=b"\r\nContent-Type: text/plain; charset=iso-8859-1")

    answer = client.post("/patients/new", data=body, content_type=PARTS)

    assert UNREADABLE not in spoken(answer.text)


@pytest.mark.breadth
@pytest.mark.parametrize("query", ["q=Jos%E9", "q=%C3", "%FF=1", "q=%ED%A0%80"])
def test_an_address_whose_query_is_not_utf_8_is_refused_alike_on_pages_and_by_json(client, query):
    page, json = client.get(f"/patients?{query}"), client.get(f"/api/v1/patients?{query}")

    assert (page.status_code, json.status_code, json.get_json()["code"]) == (400, 400, "undecodable")
    for text in (spoken(page.text), json.get_json()["detail"]):
        assert "not written in UTF-8, so that some characters could not be read" in text


@pytest.mark.slow
def test_escaped_utf_8_and_a_percent_sign_are_read(client):
    answers = [client.get(f"/patients?q={q}") for q in ("Jos%C3%A9", "100%25", "100%", "a+b", "%F0%9F%91%A9")]

    assert {answer.status_code for answer in answers} == {200}
