"""Errors: a page for people, a problem (RFC 9457) for programs, and never a word too much."""

import pytest
from sqlalchemy.exc import OperationalError

from clinic.patients.service import patient_service
from tests.builders import a_patient
from tests.inspecting import spoken, title


def test_a_page_that_is_not_there_says_so(client):
    answer = client.get("/nowhere")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert title(answer.text).startswith("Page not found")
    assert answer.headers["X-Request-ID"] in answer.text
    assert "Find a patient" in spoken(answer.text)


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
    assert "does not answer to that method" in (answer.json["detail"] if answer.is_json else answer.text)


@pytest.mark.parametrize("path", ["<script>alert(1)</script>", "%3Cscript%3E", "{{7*7}}", "%00", "%ff", "x" * 8000])
def test_row_46_an_address_is_never_echoed(client, path):
    for start in ("/", "/api/"):
        answer = client.get(start + path)
        assert answer.status_code == 404
        assert "<script>" not in answer.text
        assert "49" not in answer.text.replace(answer.headers["X-Request-ID"], "")


@pytest.fixture
def broken(app, monkeypatch):
    """Let the list of patients fail: `broken(error)`."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def break_it(error):
        def fail(**_options):
            raise error

        monkeypatch.setattr(patient_service, "list", fail)

    return break_it


@pytest.mark.parametrize("url", ["/patients", "/api/v1/patients"])
def test_row_93_an_unexpected_error_is_answered_without_its_words(client, broken, caplog, url):
    broken(RuntimeError("Canary4711"))

    answer = client.get(url)

    assert answer.status_code == 500
    assert "Canary4711" not in answer.text + caplog.text
    assert "unexpected_error error=RuntimeError" in caplog.text
    assert answer.headers["X-Request-ID"] in answer.text


@pytest.mark.parametrize("url", ["/patients", "/api/v1/patients"])
def test_row_89_a_database_that_is_away_is_answered_with_when_to_try_again(client, broken, url):
    broken(OperationalError("SELECT Canary4711", {}, Exception("database is locked")))

    answer = client.get(url)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Canary4711" not in answer.text


def test_without_a_clinic_it_is_said_what_to_do(app):
    answer = app.test_client().get("/patients", follow_redirects=True)

    assert answer.status_code == 503
    assert "flask init" in answer.text


@pytest.mark.parametrize("name", ["\udcff", "patient.\x00", "no.such"])
def test_an_event_type_that_can_not_be_is_one_without_events(run, here, name):
    with here():
        a_patient()

    listed = run("events", "list", "--type", name)

    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "patient.created" in run("events", "list", "--type", "patient.created").stdout
