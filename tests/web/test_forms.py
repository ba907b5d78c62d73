"""Forms: their token against forgery, and the clinic they were shown in."""

from uuid import uuid4

import pytest

from tests.assertions import row_counts
from tests.page_client import PageClient, hidden_value

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def page_forms(app):
    """Return (url, method) of every form of a page, with an id of nothing in each place."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods & UNSAFE):
            if not rule.rule.startswith(("/api/", "/my/")):  # what stands behind links has its token in the address
                yield app.url_map.bind("").build(rule.endpoint, dict.fromkeys(rule.arguments, uuid4())), method


@pytest.mark.slow
@pytest.mark.row(22)
def test_every_form_without_a_token_is_refused_and_writes_nothing(app, client):
    before, forms = row_counts(app), list(page_forms(app))

    for url, method in forms:
        answer = client.open(url, method=method, data={"family_name": "Pereira"})
        assert answer.status_code == 400, url
        message = "This page was open for too long" if url == "/login" else "This form has expired"
        assert message in answer.text

    assert len(forms) >= 4
    assert row_counts(app) == before


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(23)
@pytest.mark.parametrize("where", ["query", "wrong", "other session", "header of another"])
def test_a_token_from_elsewhere_is_refused(app, client, where):
    stranger = PageClient(app)
    mine, theirs = client.token(), hidden_value(stranger.get("/login").text, "csrf_token")
    url = f"/patients/new?csrf_token={mine}" if where == "query" else "/patients/new"
    data = {"query": {}, "wrong": {"csrf_token": mine[:-1]}, "other session": {"csrf_token": theirs}}.get(where, {})
    headers = {"X-CSRFToken": theirs} if where == "header of another" else {}

    answer = client.post(url, data={"family_name": "Pereira", **data}, headers=headers)

    assert answer.status_code == 400
    assert row_counts(app)["patients"] == 0


@pytest.mark.slow
def test_a_form_carries_the_clinic_that_it_was_shown_in(client, clinic):
    assert hidden_value(client.get("/patients/new").text, "_clinic") == str(clinic.id)


@pytest.mark.parametrize(
    "url",
    ["/patients/new", "/appointments/new", "/invoices/new", "/invoices/019c0000-0000-7000-8000-000000000000/payments"],
)
def test_a_form_that_was_shown_in_another_clinic_is_refused_and_writes_nothing(app, client, other_clinic, url):
    before = row_counts(app)

    answer = client.submit(url, family_name="Pereira", _clinic=other_clinic.id)

    assert answer.status_code == 409
    assert "You are now in another clinic" in answer.text
    assert "Nothing was saved" in answer.text
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_form_that_was_shown_in_this_clinic_is_taken_with_or_without_its_id(app, client, clinic):
    named, unnamed = (
        client.submit("/patients/new", family_name=name, **one)
        for name, one in {"Pereira": {"_clinic": clinic.id}, "Okafor": {}}.items()
    )

    assert (named.status_code, unnamed.status_code) == (303, 303)


def test_a_form_of_another_clinic_that_is_sent_nowhere_finds_nothing_there(client, other_clinic):
    assert client.submit("/nowhere", _clinic=other_clinic.id).status_code == 404


def test_the_api_takes_no_forms_and_needs_no_token(client):
    assert client.post("/api/v1/practitioners", data={"name": "Dr X"}).status_code == 415
    assert client.post("/api/v1/practitioners", json={"name": "Dr X"}).status_code == 201


@pytest.mark.slow
def test_a_session_cookie_can_not_be_read_by_scripts_or_sent_by_other_sites(client):
    cookie = client.get("/patients/new").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.breadth
@pytest.mark.row(17)
@pytest.mark.parametrize("cookie", ["x", "eyJh.x.y", "é", "a" * 4000])
def test_a_cookie_that_was_tampered_with_is_no_cookie(client, cookie):
    client.set_cookie("session", cookie)

    assert client.get("/patients/new").headers["Location"] == "/login?next=%2Fpatients%2Fnew"
