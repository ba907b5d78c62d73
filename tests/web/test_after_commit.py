"""An error after a commit says that the change is saved, or that this is not known; a broken teardown is answered."""

from typing import Any

import pytest
from flask import Flask, Response, request
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from clinic.core.db import db
from clinic.core.db.faults import is_refused
from clinic.core.db.orm_session import ClinicSession
from clinic.core.db.transaction import current_outcome
from clinic.patients.models import Patient
from tests.assertions import title
from tests.builders import patient_fields, somebody
from tests.databases import on_postgresql_only
from tests.fixtures import Here, Run
from tests.page_client import PageClient

API = "/api/v1/patients"


@pytest.fixture(autouse=True)
def answered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer errors as a server does."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)


def _patients() -> int:
    return db.session.scalar(select(func.count(Patient.id))) or 0


def _break(*_arguments: object, **_options: object) -> Any:
    raise RuntimeError("a name")


@pytest.mark.slow
def test_an_error_after_the_commit_shows_that_it_is_saved_and_where(
    app: Flask, client: PageClient, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: set[str] = set()

    def fail_once(response: Response) -> Response:
        if request.method == "POST" and request.path not in broken:
            broken.add(request.path)
            raise RuntimeError("a name")
        return response

    monkeypatch.setitem(app.after_request_funcs, None, [fail_once, *app.after_request_funcs[None]])

    json = client.post(API, json=patient_fields())
    page = client.submit("/patients/new", family_name="Weiß")

    problem = json.get_json()
    assert (json.status_code, problem["code"]) == (500, "saved-but-not-shown")
    assert client.get(problem["locations"][0]).get_json()["family_name"] == patient_fields()["family_name"]
    assert (page.status_code, title(page.text)[:20]) == (500, "Saved, but not shown")
    assert "Nothing was saved" not in page.text + json.text
    assert 'href="/patients/' in page.text
    assert "send it again" not in page.text.replace("Do not send it again", "")
    with here():
        assert _patients() == 2


def test_an_error_before_the_commit_shows_that_nothing_is_saved(
    client: PageClient, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinic.patients.service.index_patients", _break)

    json, page = client.post(API, json=patient_fields()), client.submit("/patients/new", family_name="Weiß")

    assert (json.status_code, json.get_json()["code"]) == (500, "internal-error")
    assert "Nothing was saved" in page.text
    with here():
        assert _patients() == 0


@pytest.fixture
def lost_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose the connection while a change is being committed, after the database has stored it."""
    commit = ClinicSession.commit

    def commit_then_fail(session: ClinicSession) -> None:
        is_change = bool(current_outcome().changed)
        commit(session)
        if is_change:
            raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(ClinicSession, "commit", commit_then_fail)


@pytest.mark.slow
@pytest.mark.usefixtures("lost_commit")
def test_a_commit_whose_outcome_is_unknown_is_reported_as_unknown(client: PageClient) -> None:
    json, page = client.post(API, json=patient_fields()), client.submit("/patients/new", family_name="Weiß")

    assert (json.status_code, json.get_json()["code"]) == (500, "outcome-unknown")
    assert "Retry-After" not in json.headers
    assert page.status_code == 500
    assert "may have been saved or not" in page.text
    assert "Nothing was saved" not in page.text + json.text


@pytest.mark.usefixtures("lost_commit")
def test_a_command_whose_commit_is_lost_does_not_report_that_it_is_undone(run: Run) -> None:
    result = run("patients", "add", "--family-name", "Weiß")

    assert result.exit_code == 1
    assert "not known whether" in result.stderr


def test_a_command_that_fails_after_its_commit_shows_that_it_is_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.patients.commands.patients.info", _break)

    result = run("patients", "add", "--family-name", "Weiß")

    assert result.exit_code == 1
    assert "it is done" in result.stderr
    assert "undone" not in result.stderr


@pytest.mark.both_databases
def test_a_refused_commit_is_known_to_have_stored_nothing(app: Flask) -> None:
    with app.app_context(), pytest.raises(Exception, match="fail") as refused, db.engine.begin() as connection:
        connection.execute(text("INSERT INTO clinics (id, name) VALUES (NULL, NULL) -- fail"))

    assert is_refused(refused.value)


@on_postgresql_only
@pytest.mark.parametrize("moment", ["commit", "rollback"])
def test_a_backend_that_ends_during_a_request_is_answered_by_the_program(
    app: Flask, client: PageClient, here: Here, moment: str
) -> None:
    answers = []
    with here():
        patient_id = somebody().id
        engine = db.engine

    def end_backend(connection: Any) -> None:
        backend = connection.connection.dbapi_connection.info.backend_pid
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            other.execute(text("SELECT pg_terminate_backend(:backend, 1000)"), {"backend": backend})

    app.testing = False
    try:
        for path in ("/patients", f"{API}/{patient_id}"):
            event.listen(engine, moment, end_backend, once=True)
            answers.append(client.get(path, headers={"X-Request-ID": "ref-7"}))
    finally:
        app.testing = True
        if event.contains(engine, moment, end_backend):
            event.remove(engine, moment, end_backend)

    assert {answer.status_code for answer in answers} <= {200, 500, 503}
    assert [answer.headers["X-Request-ID"] for answer in answers] == ["ref-7", "ref-7"]
    assert answers[1].is_json


def test_an_error_in_the_teardown_is_answered_with_the_request_id(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = client.token()
    monkeypatch.setattr(app, "testing", False)
    calls: list[object] = []

    def fail_first(error: BaseException | None) -> None:
        calls.append(error)
        if len(calls) % 2:
            raise RuntimeError("a name")

    monkeypatch.setitem(app.teardown_request_funcs, None, [fail_first, *app.teardown_request_funcs[None]])
    form = {"csrf_token": token, "family_name": "Weiß"}

    page = client.post("/patients/new", data=form, headers={"X-Request-ID": "ref-8"})
    json = client.get(API, headers={"X-Request-ID": "ref-9"})

    assert (page.status_code, json.status_code) == (500, 500)
    assert "Do not send it again" in page.text
    assert "ref-8" in page.text
    assert json.get_json()["instance"] == "urn:clinic:request:ref-9"
    assert json.headers["X-Request-ID"] == "ref-9"


def test_a_session_that_breaks_while_it_is_closed_changes_no_answer(
    client: PageClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lose(self: object) -> None:
        raise OperationalError("ROLLBACK", {}, Exception("gone"))

    monkeypatch.setattr("flask_sqlalchemy.session.Session.close", lose)

    answer = client.get("/patients")

    assert answer.status_code == 200
    assert "close_failed error=sqlalchemy.exc.OperationalError" in caplog.text
