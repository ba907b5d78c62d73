"""Each fault of a database has its own message on pages, in JSON and in commands."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from clinic import create_app
from clinic.core.db import db
from clinic.core.db.faults import database_fault
from tests.builders import patient_fields
from tests.databases import on_postgresql_only, on_sqlite_only
from tests.fixtures import Here, Run
from tests.page_client import PageClient

API = "/api/v1/patients"
FAULTS = {
    5: ("unavailable", "The database is busy", 1),
    8: ("database-read-only", "The database can only be read", 4),
    10: ("disk-failed", "The database's disk can't be read or written", 1),
    11: ("database-corrupt", "The database is damaged", 1),
    13: ("disk-full", "The database's disk is full", 1),
    26: ("not-a-database", "The configured file is not a database", 4),
}
"""By SQLite's result code: the problem's code, the message, and the exit code of commands."""


@pytest.fixture(autouse=True)
def answered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer errors as a server does."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("number", FAULTS)
@on_sqlite_only
def test_each_fault_has_its_own_message_and_code(
    client: PageClient, run: Run, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    code, message, exit_code = FAULTS[number]
    fault = sqlite3.DatabaseError("a name")
    fault.sqlite_errorcode = number + 256

    def fail(*_arguments: object, **_options: object) -> None:
        raise DBAPIError("INSERT", {}, fault)

    monkeypatch.setattr("clinic.patients.service.index_patients", fail)

    json, page = client.post(API, json=patient_fields()), client.submit("/patients/new", family_name="Weiß")
    command = run("patients", "add", "--family-name", "Weiß")

    assert (json.status_code, json.get_json()["code"]) == (503, code)
    assert json.get_json()["detail"].startswith(f"{message}: nothing was saved, ")
    assert page.status_code == 503
    assert message.replace("'", "&#39;") in page.text
    assert command.exit_code == exit_code
    assert command.stderr.splitlines()[-1].startswith(f"Error: {message}: nothing was changed, ")


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("25006", "database-read-only"),
        ("40P01", "unavailable"),
        ("53100", "disk-full"),
        ("55P03", "unavailable"),
        ("58030", "disk-failed"),
        ("57P01", "unavailable"),
        ("XX001", "database-corrupt"),
    ],
)
def test_each_sqlstate_is_one_of_these_faults(sqlstate: str, code: str) -> None:
    error = OperationalError("INSERT", {}, psycopg.errors.lookup(sqlstate)())

    fault = database_fault(error)

    assert fault is not None
    assert fault.code == code


@pytest.fixture
def small(app: Flask, client: PageClient) -> Iterator[None]:
    """A database that has hardly any page left to grow."""
    with app.app_context():
        engine = db.engine
        engine.dispose()
        with closing(sqlite3.connect(str(engine.url.database))) as connection:
            connection.execute("VACUUM")  # pages that earlier rows have left would be filled first
            (pages,) = connection.execute("PRAGMA page_count").fetchone()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 10}").fetchone()

    event.listen(engine, "connect", limit)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


@pytest.mark.slow
@on_sqlite_only
@pytest.mark.usefixtures("small")
def test_a_full_database_stores_nothing_and_shows_that_the_disk_is_full(client: PageClient) -> None:
    answers = [client.post(API, json=patient_fields(address="x" * 500)) for _ in range(60)]

    stored = sum(answer.status_code == 201 for answer in answers)
    full = [answer for answer in answers if answer.status_code == 503]
    assert full
    assert {answer.get_json()["code"] for answer in full} == {"disk-full"}
    assert stored + len(full) == 60


@pytest.mark.slow
@on_sqlite_only
def test_a_damaged_database_is_reported_as_damaged(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    with here(), sqlite3.connect(file) as copy, db.engine.connect() as connection:
        connection.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode = DELETE")
        (size,) = copy.execute("PRAGMA page_size").fetchone()
    copy.close()
    with file.open("r+b") as damaged:
        damaged.seek(size)
        damaged.write(b"\xff" * (file.stat().st_size - size))

    url = f"sqlite:///{file}"
    damaged_app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": tmp_path})
    result = damaged_app.test_cli_runner().invoke(args=["patients", "list"])
    with damaged_app.app_context():
        db.engine.dispose()

    message = "Error: The database is damaged: nothing was changed, restore a backup\n"
    assert (result.exit_code, result.stderr) == (1, message)


@on_postgresql_only
def test_a_read_only_server_is_reported_as_read_only(app: Flask, client: PageClient, run: Run) -> None:
    with app.app_context():
        database = db.engine.url.database
        with db.engine.begin() as connection:
            connection.execute(text(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on'))
        db.engine.dispose()
    try:
        json, command = client.post(API, json=patient_fields()), run("patients", "add", "--family-name", "Weiß")
    finally:
        with app.app_context(), db.engine.connect() as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"))
            connection.commit()
            connection.execute(text(f'ALTER DATABASE "{database}" RESET default_transaction_read_only'))
            connection.commit()
        with app.app_context():
            db.engine.dispose()

    assert (json.status_code, json.get_json()["code"]) == (503, "database-read-only")
    assert command.exit_code == 4
    assert "let the program write to it" in command.stderr
