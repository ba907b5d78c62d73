"""An SQLite file that is replaced or removed under a running server: 503 until it is restarted, no lost answer."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask

from clinic import create_app
from clinic.core.db import db
from clinic.core.db.orm_session import ClinicSession
from clinic.core.db.transaction import current_outcome
from clinic.core.events import event_bus
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.browser.server import serve
from tests.builders import a_clinic, patient_fields
from tests.databases import make_tables
from tests.page_client import PageClient

URL = "/api/v1/patients"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of the database."""
    return tmp_path / "clinic.db"


def _application(file: Path) -> Flask:
    url, folder = f"sqlite:///{file}", file.parent
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    app.test_client_class = PageClient
    return app


def _with_key(app: Flask, key: str) -> PageClient:
    client = app.test_client()
    assert isinstance(client, PageClient)
    client.key = key
    return client


@pytest.fixture
def client(file: Path) -> Iterator[PageClient]:
    """A program with a key to everything in a clinic whose database is a file of its own."""
    app = _application(file)
    with app.app_context():
        make_tables()
        with clinic_scope(a_clinic().id):
            _, key = api_key_service.create(label="Test", scopes=["all"])
    yield _with_key(app, key)
    with app.app_context():
        db.engine.dispose()
    event_bus.clear()


def _remove(file: Path) -> None:
    for name in ("clinic.db", "clinic.db-wal", "clinic.db-shm"):
        (file.parent / name).unlink()


def _replace(file: Path) -> None:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(file.with_name("new.db"))) as copy:
        source.backup(copy)
    file.with_name("new.db").rename(file)


FAULTS: dict[str, Callable[[Path], object]] = {
    "replaced": _replace,
    "removed": _remove,
    "renamed": lambda file: file.rename(file.with_name("old.db")),
    "without its log": lambda file: file.with_name("clinic.db-wal").unlink(),
    "without the index of its log": lambda file: file.with_name("clinic.db-shm").unlink(),
}


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("fault", FAULTS)
def test_a_replaced_file_is_neither_read_nor_written_until_the_restart(
    client: PageClient, file: Path, fault: str
) -> None:
    assert client.post(URL, json=patient_fields()).status_code == 201
    FAULTS[fault](file)

    answers = [client.post(URL, json=patient_fields()), client.get(URL), client.get("/login")]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0].get_json()["code"] == "database-replaced"
    assert "restart the program" in answers[2].text


@pytest.mark.slow
def test_a_restored_file_is_used_after_a_restart_and_gives_no_number_twice(client: PageClient, file: Path) -> None:
    first = client.post(URL, json=patient_fields()).get_json()
    file.rename(file.with_name("old.db"))
    shutil.copy(file.with_name("old.db"), file)
    refused = client.post(URL, json=patient_fields()).status_code
    file.with_name("old.db").rename(file)
    still_refused = client.post(URL, json=patient_fields()).status_code
    with client.application.app_context():
        db.engine.dispose()

    restarted = _with_key(_application(file), str(client.key))
    second = restarted.post(URL, json=patient_fields()).get_json()
    kept = restarted.get(URL).get_json()["data"]
    with restarted.application.app_context():
        db.engine.dispose()

    assert (refused, still_refused) == (503, 503)
    assert [one["mrn"] for one in kept] == [second["mrn"], first["mrn"]] == ["P-000002", "P-000001"]


@pytest.mark.slow
def test_a_commit_into_a_removed_file_is_not_acknowledged(
    client: PageClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = ClinicSession.commit

    def remove_then_commit(session: ClinicSession) -> None:
        if current_outcome().changed:
            _remove(file)
        commit(session)

    monkeypatch.setattr(ClinicSession, "commit", remove_then_commit)

    answer = client.post(URL, json=patient_fields())

    assert (answer.status_code, answer.get_json()["code"]) == (503, "outcome-unknown")
    assert "Retry-After" not in answer.headers


@pytest.mark.slow
def test_the_program_may_replace_its_own_database(client: PageClient, file: Path) -> None:
    with client.application.app_context():
        db.engine.dispose()
        _replace(file)

    assert client.post(URL, json=patient_fields()).status_code == 201


@pytest.mark.slow
def test_a_command_shows_that_the_file_was_replaced(client: PageClient, file: Path) -> None:
    runner = client.application.test_cli_runner()
    before = runner.invoke(args=["patients", "list"])
    _replace(file)

    after = runner.invoke(args=["patients", "list"])

    assert (before.exit_code, after.exit_code) == (0, 1)
    assert "replaced or removed" in after.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["replaced", "removed", "renamed"])
def test_a_server_acknowledges_nothing_that_is_lost_and_gives_no_number_twice(
    client: PageClient, file: Path, fault: str
) -> None:
    key, url = str(client.key), f"sqlite:///{file}"
    with client.application.app_context():
        db.engine.dispose()

    with serve(url, file.parent) as origin:
        before = [_post(origin, key) for _ in range(5)]
        backup = {path: path.read_bytes() for path in file.parent.glob("clinic.db*")}
        FAULTS[fault](file)
        with ThreadPoolExecutor(4) as threads:
            during = list(threads.map(lambda _: _post(origin, key), range(20)))
        _restore(file, backup)
        restored = _post(origin, key)
    with serve(url, file.parent) as origin:
        after = _post(origin, key)
        kept = {one["mrn"] for one in _ask(origin, key)["data"]}

    assert [number for number, _ in before] == [f"P-{count:06d}" for count in range(1, 6)]
    assert {status for _, status in [*during, restored]} == {503}
    assert after == ("P-000006", 201)
    assert kept == {number for number, _ in [*before, after]}


def _restore(file: Path, backup: dict[Path, bytes]) -> None:
    for path in file.parent.glob("clinic.db*"):
        path.unlink()
    for path, contents in backup.items():
        if path.suffix != ".db-shm":
            path.write_bytes(contents)


def _post(origin: str, key: str) -> tuple[str, int]:
    try:
        return _ask(origin, key, json.dumps(patient_fields()).encode())["mrn"], 201
    except HTTPError as error:
        return "", error.code


def _ask(origin: str, key: str, body: bytes | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(origin + URL, data=body, headers=headers), timeout=30) as answer:
        return json.load(answer)
