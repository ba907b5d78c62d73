"""When the house itself is in trouble: a clear answer, nothing half-stored, no words of the error."""

import sqlite3
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from clinic import create_app
from clinic.core.db import db
from clinic.identity.models import Clinic
from clinic.patients.models import Patient
from tests.builders import patient_fields
from tests.databases import on_sqlite_only
from tests.fixtures import Here
from tests.page_client import PageClient


@pytest.fixture
def _impatient(app: Flask) -> Iterator[None]:
    """Let SQLite wait for a lock for a moment only."""
    before = app.config["LOCK_TIMEOUT_MS"]
    app.config["LOCK_TIMEOUT_MS"] = 50
    with app.app_context():
        db.engine.dispose()
    yield
    app.config["LOCK_TIMEOUT_MS"] = before
    with app.app_context():
        db.engine.dispose()


@pytest.mark.slow
@on_sqlite_only
@pytest.mark.usefixtures("_impatient")
def test_a_locked_database_answers_503_with_retry_after_and_stores_nothing(
    app: Flask, client: PageClient, here: Here
) -> None:
    token = client.token()
    with app.app_context():
        writer = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    json = client.post("/api/v1/patients", json=patient_fields())
    page = client.post("/patients/new", data={"csrf_token": token, "family_name": "Weiß"})
    writer.close()

    assert [(one.status_code, one.headers["Retry-After"]) for one in (json, page)] == [(503, "5"), (503, "5")]
    assert json.get_json()["code"] == "unavailable"
    assert "nothing was saved" in page.text
    with here():
        assert db.session.scalar(select(func.count(Patient.id))) == 0


def test_a_database_that_was_never_set_up_shows_what_to_do(app: Flask) -> None:
    with app.app_context():
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("DROP DATABASE IF EXISTS clinic_test_never_set_up"))
                connection.execute(text("CREATE DATABASE clinic_test_never_set_up"))
            url = db.engine.url.set(database="clinic_test_never_set_up").render_as_string(hide_password=False)
        else:
            url = "sqlite://"
    bare = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": app.instance_path})

    page = bare.test_client().get("/login")
    with bare.app_context():
        db.engine.dispose()
    if "never_set_up" in url:
        with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE clinic_test_never_set_up WITH (FORCE)"))

    assert page.status_code == 503
    assert "flask init" in page.text


def test_an_unexpected_error_is_answered_without_the_database_and_logged_without_its_message(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def burn(*_args: object, **_options: object) -> None:
        raise RuntimeError("Inês Pereira, born 1991-06-21")

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr("clinic.patients.service.PatientService.list", burn)
    monkeypatch.setattr("clinic.identity.clinics.ClinicService.current", burn)

    page = client.get("/patients", headers={"X-Request-ID": "ref-1"})
    json = client.get("/api/v1/patients", headers={"X-Request-ID": "ref-2"})

    assert (page.status_code, json.status_code) == (500, 500)
    assert "Something went wrong here" in page.text
    assert "ref-1" in page.text
    assert json.get_json()["instance"] == "urn:clinic:request:ref-2"
    assert "unexpected_error error=RuntimeError" in caplog.text
    assert not any("Pereira" in text for text in (page.text, json.text, caplog.text))


@pytest.mark.row(60)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:5000"])
def test_a_foreign_host_name_is_refused_on_pages_files_and_in_json(client: PageClient, host: str) -> None:
    paths = ["/patients", "/", "/static/css/base.css", "/nowhere", "/api/v1/patients"]

    answers = [client.get(path, base_url=f"http://{host}") for path in paths]

    assert [answer.status_code for answer in answers] == [400] * len(paths)
    assert "CLINIC_TRUSTED_HOSTS" in answers[0].text
    assert answers[-1].get_json(force=True)["code"] == "unknown-host"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:5000"])
def test_this_machine_is_always_trusted(visitor: PageClient, clinic: Clinic, host: str) -> None:
    assert visitor.get("/login", base_url=f"http://{host}").status_code == 200


AWAY = {
    "a server that is away": "postgresql://nobody@127.0.0.1:1/none",
    "a file that is no database": "sqlite:///{}/notes.db",
}


@pytest.fixture(scope="module", params=AWAY)
def without_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application whose database can't be reached."""
    folder = tmp_path_factory.mktemp("away")
    (folder / "notes.db").write_text("milk, bread, " * 1000)
    return create_app(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "SQLALCHEMY_DATABASE_URI": AWAY[request.param].format(folder),
            "INSTANCE_PATH": folder,
            "SECRET_KEY": "k" * 40,
        }
    )


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(89)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/", "/login", "/patients", "/account", "/nowhere", "/static/nowhere.js")),
        *(("POST", path) for path in ("/login", "/logout", "/patients/new", "/nowhere", "/password/forgotten")),
    ],
)
def test_while_the_database_is_away_every_page_reports_it(without_database: Flask, method: str, path: str) -> None:
    answer = _who_had_signed_in(without_database).open(path, method=method)

    is_file = without_database.config["SQLALCHEMY_DATABASE_URI"].endswith("notes.db")
    assert (answer.status_code, int(answer.headers["Retry-After"])) == (503, 60 if is_file else 5)
    assert "Not available right now" in answer.text


@pytest.mark.slow
def test_while_the_database_is_away_pages_keep_their_styles(without_database: Flask) -> None:
    client = _who_had_signed_in(without_database)

    for path in ("/styles.css", "/static/js/app.js"):
        with client.get(path) as answer:
            assert answer.status_code == 200


def _who_had_signed_in(app: Flask) -> FlaskClient:
    """Return a browser that had signed in before the database went away."""
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "a token of before"
    return client
