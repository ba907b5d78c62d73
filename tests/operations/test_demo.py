"""`flask demo`: one command, a clinic in the browser."""

import fcntl
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from clinic import create_app
from clinic.core.context import IMPORT, as_actor
from clinic.identity.operator_actions import operator_service
from clinic.identity.roles import ROLES
from clinic.operations.demo import _environment, _welcome
from clinic.operations.demo_data import PASSWORD, STAFF
from tests.assertions import rows
from tests.fixtures import Here
from tests.page_client import hidden_value
from tests.script_processes import Started, start_script


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that is in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def laptop(tmp_path: Path) -> Flask:
    """An installation that was never started."""
    return create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "SECRET_KEY": "x" * 32})


@pytest.mark.slow
def test_a_port_in_use_is_refused_with_what_to_do(laptop: Flask, taken_port: int, tmp_path: Path) -> None:
    result = laptop.test_cli_runner().invoke(args=["demo", "--port", str(taken_port)])

    assert result.exit_code == 5
    assert f"port {taken_port} is taken" in result.stderr
    assert f"--port {taken_port + 1}" in result.stderr
    assert not list(tmp_path.glob("demo*.db*"))


def test_a_port_that_was_taken_while_the_demo_was_filled_is_noticed(
    laptop: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    other = socket.socket()

    def somebody_starts(*_: object) -> None:
        other.bind(("127.0.0.1", port))
        other.listen()

    monkeypatch.setattr("clinic.operations.demo._prepare", somebody_starts)
    monkeypatch.setattr("clinic.operations.demo._wait_for", lambda *_: pytest.fail("it served"))
    with other:
        result = laptop.test_cli_runner().invoke(args=["demo", "--port", str(port)])

    assert result.exit_code == 5
    assert f"port {port} is taken" in result.stderr


@pytest.mark.breadth
@pytest.mark.parametrize("args", [[], ["--reset"]])
def test_a_second_demo_of_the_same_instance_is_refused_and_resets_nothing(
    laptop: Flask, tmp_path: Path, args: list[str]
) -> None:
    (tmp_path / "demo.db").touch()
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = laptop.test_cli_runner().invoke(args=["demo", "--port", str(free_port()), *args])

    assert result.exit_code == 5
    assert "a demo is running already" in result.stderr
    assert (tmp_path / "demo.db").exists()


FILES = [
    "demo.db",
    "demo.db-wal",
    "demo.db-shm",
    "demo-audit-head",
    "demo-new.db",
]
OTHERS = ["demo-of-our-own.db", "demonstration.db-backup", "clinic.db"]


def test_a_reset_deletes_the_demo_s_own_files_and_no_other(
    laptop: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[Path]
) -> None:
    for name in FILES + OTHERS:
        (tmp_path / name).touch()

    laptop.test_cli_runner().invoke(args=["demo", "--reset", "--port", str(free_port())])

    assert children == [tmp_path / "demo-new.db"]
    assert all((tmp_path / name).exists() for name in OTHERS)
    assert not any((tmp_path / name).exists() for name in FILES if name != "demo.db")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The databases that are filled, each with one table, by a child that does nothing else; nothing is served."""
    filled: list[Path] = []

    def flask(environment: dict[str, str], *_: object) -> subprocess.Popen[bytes]:
        file = Path(environment["CLINIC_DATABASE_URL"].removeprefix("sqlite:///"))
        filled.append(file)
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS people (name TEXT)")
        connection.close()
        return subprocess.Popen(["true"])

    monkeypatch.setattr("clinic.operations.demo._flask", flask)
    monkeypatch.setattr("clinic.operations.demo._serve", lambda *_: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return filled


@pytest.mark.slow
def test_a_demo_whose_filling_was_interrupted_starts_afresh(
    laptop: Flask, tmp_path: Path, children: list[Path]
) -> None:
    left = tmp_path / "demo-new.db"
    left.write_bytes(b"half of it")

    for _ in range(2):
        laptop.test_cli_runner().invoke(args=["demo", "--port", str(free_port())])

    assert children == [left, tmp_path / "demo.db"]
    assert sorted(path.name for path in tmp_path.glob("demo*.db*")) == ["demo.db"]


def test_a_failed_demo_leaves_no_files_behind(
    laptop: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[Path]
) -> None:
    monkeypatch.setattr("clinic.operations.demo._flask", lambda *_: subprocess.Popen(["false"]))

    result = laptop.test_cli_runner().invoke(args=["demo", "--port", str(free_port())])

    assert result.exit_code == 1
    assert "flask demo --reset" in result.stderr
    assert not (tmp_path / "demo.db").exists()


def test_a_demo_sends_no_mail_and_shares_no_queue_whatever_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('CLINIC_SMTP_URL = "smtp://file"\n')
    monkeypatch.setenv("CLINIC_REDIS_URL", "redis://environment")
    for name, value in _environment(tmp_path / "demo.db").items():
        monkeypatch.setenv(name, value)

    app = create_app()

    assert app.instance_path == str(tmp_path)
    assert (app.config["SMTP_URL"], app.config["REDIS_URL"]) == ("", "")


def test_made_up_people_are_not_put_into_a_real_database(laptop: Flask) -> None:
    result = laptop.test_cli_runner().invoke(args=["demo-data"])

    assert result.exit_code == 1
    assert "sample data is only for the demo's own database" in result.stderr


@pytest.mark.slow
def test_made_up_people_are_not_put_into_another_folder_s_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere' / 'demo-new.db'}"
    app = create_app(
        {"TESTING": True, "INSTANCE_PATH": tmp_path, "SECRET_KEY": "x" * 32, "SQLALCHEMY_DATABASE_URI": url}
    )

    assert app.test_cli_runner().invoke(args=["demo-data"]).exit_code == 1


@pytest.mark.row(10)
def test_the_demo_s_people_can_not_be_made_where_records_are_not_brought_in(app: Flask, here: Here) -> None:
    with here(), pytest.raises(RuntimeError, match="real people are invited"):
        operator_service.add_demo_members({"ana@demo.example": ("Ana", "administrator")}, password=PASSWORD)

    assert rows(app, "staff_members") == []


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(10)
@pytest.mark.parametrize("command", ["demo", "demo-data"])
def test_there_is_no_demo_in_production(laptop: Flask, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setitem(laptop.config, "ENVIRONMENT", "production")

    result = laptop.test_cli_runner().invoke(args=[command])

    assert (result.exit_code, result.stdout) == (4, "")
    assert "the demo's password is public" in result.stderr


@pytest.mark.row(10)
def test_somebody_with_a_real_address_is_not_made_up(app: Flask, here: Here) -> None:
    with here(), as_actor(IMPORT + "demo"), pytest.raises(RuntimeError, match="real people are invited"):
        operator_service.add_demo_members({"ana@example.org": ("Ana", "administrator")}, password=PASSWORD)


def test_the_welcome_lists_the_accounts_their_password_and_how_to_create_a_key() -> None:
    words = _welcome(address="http://127.0.0.1:5000", outbox="outbox", database="sqlite:///demo.db", file="demo.db")

    assert PASSWORD in words
    assert all(email in words for email in STAFF)
    assert "flask api-keys create --name Trial --scopes all" in words


def test_the_demo_has_an_account_of_every_role() -> None:
    assert {role for _, role in STAFF.values()} == set(ROLES)


DEMO = """
import os, sys
import flask.cli
os.setsid()
os.environ.clear()
os.environ.update(environment)
sys.argv = ["flask", "--app", "clinic", "demo", "--port", str(port)]
flask.cli.main()
"""
"""Runs a demo in a process group of its own."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read(address: str) -> str:
    """Wait for a page of a server that is starting, and return it."""
    for _ in range(4000):
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                return str(response.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")


class Browser:
    """Somebody at the demo's pages, who has signed in."""

    def __init__(self, origin: str, email: str = "ana@demo.example") -> None:
        self.origin = origin
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open
        read(f"{origin}/login")
        token = hidden_value(self.page("/login"), "csrf_token")
        self.page("/login", csrf_token=token, email=email, password=PASSWORD)

    def page(self, path: str, **form: str) -> str:
        """Return a page, maybe that to which a form leads."""
        sent = urllib.parse.urlencode(form).encode() if form else None
        with self.open(f"{self.origin}{path}", sent, timeout=10) as response:
            return str(response.read().decode())

    def register(self, **fields: str) -> None:
        """Register a patient."""
        token = hidden_value(self.page("/patients/new"), "csrf_token")
        self.page("/patients/new", csrf_token=token, **fields)


def stop(demo: Started) -> str:
    demo.send_signal(signal.SIGTERM)
    return demo.wait(60).output


@pytest.fixture
def killed_demo(tmp_path: Path) -> dict[str, str]:
    """The environment of a demo that was killed while it was filled, and refused a second one meanwhile."""
    environment = {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path)}
    first = filling(tmp_path / "killed", environment)
    first.send_signal_to_group(signal.SIGSTOP)  # so that it is still being filled, however slow the other one is
    second = start_demo(tmp_path / "second", environment, free_port()).wait()
    first.send_signal_to_group(signal.SIGKILL)
    first.wait(60)

    assert (second.returncode, "a demo is running already" in second.output) == (5, True)
    assert not (tmp_path / "demo.db").exists()
    return environment


@pytest.mark.crash
@pytest.mark.timeout(900)
def test_a_demo_killed_while_filling_opens_a_filled_clinic_whose_worker_sends_and_keeps_it_for_the_next_time(
    killed_demo: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"

    first = start_demo(tmp_path / "opened", killed_demo, port)
    browser = Browser(origin)
    assert "320 patients" in browser.page("/patients")
    browser.register(family_name="Weiß", email="weiss@example.org")
    deadline = time.monotonic() + 180
    while not list((tmp_path / "outbox").glob("*.eml")) and time.monotonic() < deadline:
        time.sleep(0.1)
    said = stop(first)
    second = start_demo(tmp_path / "opened again", killed_demo, port)
    again = Browser(origin, "rosa@demo.example").page("/patients")
    said_again = stop(second)

    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert f"The clinic is open at http://127.0.0.1:{port}" in said
    assert "demo.db" in said
    assert "321 patients" in again
    assert "existing data" in said_again


@pytest.mark.crash
def test_a_demo_stopped_while_filling_leaves_no_database_that_looks_complete(tmp_path: Path) -> None:
    stop(filling(tmp_path / "stopped", {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path)}))

    assert not (tmp_path / "demo.db").exists()


def filling(folder: Path, environment: dict[str, str]) -> Started:
    """Start a demo; return it when it has registered some patients."""
    demo = start_demo(folder, environment, free_port())
    for line in demo.lines():
        if "Registered 40 " in line:
            return demo
    raise AssertionError("it ended before it registered 40 patients")


def start_demo(folder: Path, environment: dict[str, str], port: int) -> Started:
    """Start a demo that writes into a folder what it says."""
    folder.mkdir()
    return start_script(DEMO, folder, environment=environment, port=port)
