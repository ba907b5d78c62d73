"""Errors: a page for people, a problem (RFC 9457) for programs, and never a word too much."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests

from clinic.core.errors import Gone, PermissionDenied, RateLimited
from clinic.patients.service import patient_service
from tests.assertions import row_counts, rows, spoken, title
from tests.builders import a_patient
from tests.page_client import hidden_value

OURS = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that a page of ours sent."""


def main(answer):
    """Return the part of a page that is its own."""
    return answer.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.slow
def test_a_missing_page_is_reported_as_missing(client):
    answer = client.get("/nowhere")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert title(answer.text).startswith("Page not found")
    assert answer.headers["X-Request-ID"] in answer.text
    assert "Find a patient" in spoken(answer.text)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["/api/nowhere", "/api/v1/patients/1", "/api/v1/"])
def test_json_that_is_not_there_is_a_problem(client, url):
    answer = client.get(url)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json.items() >= {"status": 404, "code": "not-found", "type": "urn:clinic:problem:not-found"}.items()
    assert answer.json["instance"] == f"urn:clinic:request:{answer.headers['X-Request-ID']}"
    assert set(answer.json) == {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize("url", ["/patients", "/api/v1/patients", "/api/openapi.json"])
def test_a_wrong_method_is_refused_naming_those_that_work(client, url):
    answer = client.delete(url)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"].split(", ")
    text = answer.json["detail"] if answer.is_json else answer.text
    assert ("does not support that method" if answer.is_json else "This address is not a page of its own") in text


@pytest.mark.breadth
@pytest.mark.row(46)
@pytest.mark.parametrize("path", ["<script>alert(1)</script>", "%3Cscript%3E", "{{7331*7}}", "%00", "%ff", "x" * 8000])
def test_an_address_is_never_echoed(client, path):
    for start in ("/", "/api/"):
        answer = client.get(start + path)
        assert answer.status_code == 404
        assert "<script>" not in answer.text
        text = answer.text.partition("<main")[2] or answer.text
        assert "51317" not in text.replace(answer.headers["X-Request-ID"], "")


@pytest.fixture
def broken(app, monkeypatch):
    """Let the list of patients fail: `broken(error)`."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def break_it(error):
        def fail(**_options):
            raise error

        monkeypatch.setattr(patient_service, "list", fail)

    return break_it


@pytest.mark.row(93)
@pytest.mark.parametrize("url", ["/patients", "/api/v1/patients"])
def test_an_unexpected_error_is_answered_without_its_message(client, broken, caplog, url):
    broken(RuntimeError("Canary4711"))

    answer = client.get(url)

    assert answer.status_code == 500
    assert "Canary4711" not in answer.text + caplog.text
    assert "unexpected_error error=RuntimeError" in caplog.text
    assert answer.headers["X-Request-ID"] in answer.text


@pytest.mark.row(89)
@pytest.mark.parametrize("url", ["/patients", "/api/v1/patients"])
def test_a_database_that_is_away_is_answered_with_when_to_try_again(client, broken, url):
    broken(OperationalError("SELECT Canary4711", {}, Exception("database is locked")))

    answer = client.get(url)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Canary4711" not in answer.text


def test_without_a_clinic_it_is_shown_what_to_do(app):
    answer = app.test_client().get("/patients", follow_redirects=True)

    assert answer.status_code == 503
    assert "flask init" in answer.text


def test_what_may_not_be_done_is_shown_with_the_role_and_who_can_change_that(client, broken):
    details = {"permission_label": "View invoices", "role_label": "Front desk", "granted_by": ["Ana Lima", "Bo <Ek>"]}
    broken(PermissionDenied("invoices:read", details=details))

    answer = client.get("/patients")

    assert (answer.status_code, title(answer.text)[:11]) == (403, "Not allowed")
    assert "You need permission to view invoices. Your role Front desk" in spoken(answer.text)
    assert "invoices:read" not in answer.text
    assert "Who can give you permission Ana Lima, Bo <Ek>" in spoken(answer.text)
    assert "Bo <Ek>" not in answer.text
    assert 'aria-label="Main"' in answer.text


def test_what_may_not_be_done_may_be_shown_without_details(client, broken):
    broken(PermissionDenied("invoices:read"))

    page, json = client.get("/patients"), client.get("/api/v1/patients")

    assert (page.status_code, json.status_code) == (403, 403)
    assert "Your role" not in page.text
    assert json.get_json(force=True)["code"] == "not-permitted"


@pytest.mark.slow
def test_a_page_that_is_not_there_offers_to_look_for_a_patient_and_the_start(client):
    page = client.get("/nowhere").text.partition("<main")[2]

    assert 'action="/patients"' in page
    assert 'name="q"' in page
    assert 'href="/"' in page


def test_what_is_gone_leads_to_what_has_taken_its_place(client, broken):
    broken(Gone("This patient was merged", details={"survivor_url": "/patients/7", "survivor": "patient P-000007"}))

    answer = client.get("/patients")

    assert (answer.status_code, title(answer.text)[:14]) == (410, "No longer here")
    assert '<a class="btn primary" href="/patients/7">Go to patient P-000007</a>' in answer.text


@pytest.mark.parametrize(("seconds", "words"), [(1, "1 second,"), (90, "90 seconds"), (130, "3 minutes")])
def test_too_many_attempts_are_told_how_long_to_wait(client, broken, seconds, words):
    broken(RateLimited("You tried too often", retry_after=seconds))

    page, json = client.get("/patients"), client.get("/api/v1/patients")

    assert [(one.status_code, one.headers["Retry-After"]) for one in (page, json)] == [(429, str(seconds))] * 2
    assert f"Wait {words}" in spoken(page.text)
    assert ">Try again</a>" in page.text


def test_too_many_requests_of_the_library_are_answered_the_same_way(client, broken):
    broken(TooManyRequests(retry_after=7))

    answer = client.get("/patients")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "Wait 7 seconds" in spoken(answer.text)


@pytest.mark.slow
def test_more_than_is_taken_at_once_is_refused_with_a_page(client):
    answer = client.submit("/patients/new", family_name="x" * 1_100_000)

    assert answer.status_code == 413
    assert 'aria-label="Main"' in answer.text
    assert "Go back and send less" in answer.text


def test_a_form_that_has_expired_is_kept_to_be_sent_again(app, client):
    typed = {"family_name": 'Weiß "<b>', "phone": "+351 912 555 014", "_clinic": "019c", "csrf_token": "old"}

    answer = client.post("/patients/new", data=typed, headers=OURS)

    assert (answer.status_code, title(answer.text)[:21]) == (400, "This form has expired")
    assert 'name="family_name" value="Weiß &#34;&lt;b&gt;"' in answer.text
    assert hidden_value(answer.text, "_clinic") == "019c"
    assert hidden_value(answer.text, "csrf_token") not in {"", "old"}
    assert main(answer).count('name="csrf_token"') == 1
    assert '<form class="stack" method="post">' in answer.text
    assert row_counts(app)["patients"] == 0


@pytest.mark.slow
def test_who_sent_an_expired_form_keeps_the_navigation_and_its_session_is_not_renewed(app, client):
    before = [row["seen_at"] for row in rows(app, "sign_ins")]

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10), tick=False):
        answer = client.post("/patients/new", data={"family_name": "Weiß"}, headers=OURS)

    assert answer.status_code == 400
    assert 'aria-label="Main"' in answer.text
    assert "Administrator Person" in answer.text
    assert [row["seen_at"] for row in rows(app, "sign_ins")] == before


def test_a_stranger_who_sent_a_form_without_a_token_sees_nothing_of_the_clinic(client, visitor, clinic):
    visitor.delete_cookie("session")

    answer = visitor.post("/patients/new", data={"family_name": "Weiß"}, headers=OURS)

    assert answer.status_code == 400
    assert clinic.name not in answer.text
    assert 'aria-label="Main"' not in answer.text


@pytest.mark.slow
def test_what_an_address_asks_for_in_vain_is_shown_in_plain_words_with_a_way_back(client):
    pages = {address: client.get(address) for address in ("/patients?nonsense=1", "/audit?since=nonsense")}

    assert [page.status_code for page in pages.values()] == [400, 422]
    assert "has an unknown parameter" in pages["/patients?nonsense=1"].text
    assert "<li>Since: Enter a date like 2026-11-23</li>" in pages["/audit?since=nonsense"].text
    for address, page in pages.items():
        assert f'href="{address.partition("?")[0]}">Open the page without it</a>' in page.text


@pytest.mark.slow
def test_an_expired_form_that_is_sent_again_is_taken(client):
    expired = client.post("/patients/new", data={"family_name": "Weiß"}, headers=OURS).text
    fields = {name: hidden_value(expired, name) for name in ("csrf_token", "family_name")}

    assert client.post("/patients/new", data=fields).status_code == 303


@pytest.mark.breadth
@pytest.mark.parametrize("name", ["password", "new_password", "secret", "totp_code", "Token", "csrf_token"])
def test_what_is_secret_in_an_expired_form_is_not_shown(client, name):
    answer = client.post("/patients/new", data={"family_name": "Weiß", name: "Canary4711"}, headers=OURS)

    assert 'value="Weiß"' in answer.text
    assert "Canary4711" not in answer.text


@pytest.mark.breadth
@pytest.mark.row(22)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_a_form_that_another_site_may_have_sent_is_not_kept(client, site):
    answer = client.post(
        "/patients/new", data={"family_name": "Weiß"}, headers={"Sec-Fetch-Site": site} if site else {}
    )

    assert answer.status_code == 400
    assert "Weiß" not in answer.text
    assert 'name="csrf_token"' not in main(answer)
    assert 'href="/patients/new">Open the form again<' in answer.text


@pytest.mark.slow
def test_a_form_that_met_a_busy_database_can_be_sent_again(app, client, monkeypatch):
    def be_busy(**_fields):
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    token = client.token()
    with monkeypatch.context() as patch:
        patch.setattr(patient_service, "create", be_busy)
        busy = client.post("/patients/new", data={"csrf_token": token, "family_name": "Weiß"}, headers=OURS)
    fields = {name: hidden_value(busy.text, name) for name in ("csrf_token", "family_name")}

    assert (busy.status_code, client.post("/patients/new", data=fields).status_code) == (503, 303)


@pytest.mark.row(93)
def test_an_unexpected_error_shows_its_reference_and_what_was_not_saved(client, broken, monkeypatch):
    broken(RuntimeError())
    monkeypatch.setattr("clinic.identity.clinics.ClinicService.current", patient_service.list)

    answer = client.get("/patients", headers={"X-Request-ID": "ref-4711"})

    assert "<code data-copied>ref-4711</code>" in answer.text
    assert "Nothing was saved" in answer.text
    assert '<a class="btn primary" href="">Try again</a>' in answer.text
    assert 'aria-label="Main"' not in answer.text


def test_an_unexpected_error_of_a_form_offers_nothing_that_would_do_it_twice(app, client, monkeypatch):
    def fail(**_fields):
        raise RuntimeError

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(patient_service, "create", fail)

    answer = client.post("/patients/new", data={"csrf_token": client.token(), "family_name": "Weiß"}, headers=OURS)

    assert answer.status_code == 500
    assert "Send again" not in answer.text
    assert "Try again</a>" not in answer.text


@pytest.mark.parametrize("name", ["\udcff", "patient.\x00", "no.such"])
def test_an_event_type_that_can_not_be_is_one_without_events(run, here, name):
    with here():
        a_patient()

    listed = run("events", "list", "--type", name)

    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "patient.created" in run("events", "list", "--type", "patient.created").stdout
