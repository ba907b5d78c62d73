"""`flask init`: the database by migrations, and the first clinic."""

import os
import pty
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import Result
from flask import Flask
from sqlalchemy import inspect, text

from clinic import create_app
from clinic.core.db import Base, db
from clinic.identity.models import Clinic
from clinic.operations.setup import upgrade_database
from tests.assertions import contents, spoken
from tests.databases import make_tables
from tests.fixtures import Run
from tests.page_client import PageClient

pytestmark = pytest.mark.both_databases

GIVEN = ["--clinic", "Clínica São João", "--zone", "Europe/Lisbon", "--currency", "EUR", "--locale", "pt_PT"]


@pytest.fixture
def fresh(tmp_path: Path) -> Flask:
    """An application whose database is not there yet."""
    url = f"sqlite:///{tmp_path / 'deep' / 'clinic.db'}"
    return create_app(
        {"TESTING": True, "INSTANCE_PATH": tmp_path, "SQLALCHEMY_DATABASE_URI": url, "SECRET_KEY": "x" * 32}
    )


@pytest.fixture
def migrated(fresh: Flask) -> Flask:
    """An application whose database has its tables already."""
    with fresh.app_context():
        make_tables()
    return fresh


def init(app: Flask, *args: str, **options: str) -> Result:
    result = app.test_cli_runner().invoke(args=["init", *args], **options)
    with app.app_context():
        db.engine.dispose()
    return result


@pytest.mark.slow
def test_init_makes_the_database_and_the_clinic(fresh: Flask, tmp_path: Path) -> None:
    result = init(fresh, *GIVEN)

    assert result.exit_code == 0
    assert "Clínica São João is set up (Europe/Lisbon, EUR)" in result.stderr
    assert "gunicorn --workers 2 --threads 8 --preload --forwarded-allow-ips= wsgi:app" in result.stderr
    with sqlite3.connect(tmp_path / "deep" / "clinic.db") as connection:
        assert connection.execute("SELECT name, zone, currency, locale FROM clinics").fetchall() == [
            ("Clínica São João", "Europe/Lisbon", "EUR", "pt_PT")
        ]
    connection.close()


@pytest.mark.slow
@pytest.mark.row(94)
def test_the_database_is_readable_by_its_owner_only(fresh: Flask, tmp_path: Path) -> None:
    init(fresh, *GIVEN)

    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").glob("clinic.db*")} == {0o600}


@pytest.mark.slow
def test_init_twice_adds_a_second_clinic_but_not_the_same_one(migrated: Flask) -> None:
    init(migrated, *GIVEN)

    again, second = init(migrated, *GIVEN), init(migrated, *GIVEN, "--clinic", "Harbour")

    assert (again.exit_code, again.stderr) == (5, "Error: There is already a clinic named Clínica São João\n")
    assert second.exit_code == 0


def stored(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "deep" / "clinic.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.row(10)
def test_init_creates_no_account_by_itself_and_prints_how_to_create_one(migrated: Flask, tmp_path: Path) -> None:
    result = init(migrated, *GIVEN)

    assert result.stdout == ""
    assert "flask staff create-admin" in result.stderr
    assert stored(tmp_path, "SELECT (SELECT count(*) FROM staff_members), (SELECT count(*) FROM api_keys)") == [(0, 0)]


@pytest.mark.row(10)
def test_init_makes_the_first_administrator_with_a_secret_alone_on_stdout(migrated: Flask, tmp_path: Path) -> None:
    result = init(migrated, *GIVEN, "--admin", "ana@example.org")

    secret = result.stdout.strip()
    query = "SELECT email, role, must_change_password, clinic_id FROM staff_members JOIN memberships"
    ((email, role, must_change, clinic_id),) = stored(tmp_path, query)
    assert result.exit_code == 0
    assert len(secret) > 20
    assert len(result.stdout.splitlines()) == 1
    assert secret not in result.stderr
    assert (email, role, must_change) == ("ana@example.org", "administrator", 1)
    assert stored(tmp_path, "SELECT id FROM clinics") == [(clinic_id,)]


@pytest.mark.slow
def test_a_second_clinic_may_have_the_same_administrator_who_signs_in_as_before(
    migrated: Flask, tmp_path: Path
) -> None:
    init(migrated, *GIVEN, "--admin", "ana@example.org")

    result = init(migrated, *GIVEN, "--clinic", "Harbour", "--admin", "Ana@example.org")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "signs in as before" in result.stderr
    assert stored(tmp_path, "SELECT count(*) FROM memberships WHERE role = 'administrator'") == [(2,)]


@pytest.mark.slow
def test_init_with_an_invalid_address_creates_nothing(fresh: Flask, tmp_path: Path) -> None:
    result = init(fresh, *GIVEN, "--admin", "nonsense")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: --admin: Enter an email address")
    assert not (tmp_path / "deep").exists()


def test_init_without_a_terminal_names_the_missing_options(fresh: Flask) -> None:
    result = init(fresh, "--zone", "Europe/Lisbon")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Clinic's name is missing: give --clinic")


@pytest.mark.slow
def test_init_names_every_problem_and_creates_nothing(fresh: Flask, tmp_path: Path) -> None:
    result = init(
        fresh,
        "--clinic",
        "x" * 201,
        "--zone",
        "Mars/Olympus",
        "--currency",
        "EURO",
        "--locale",
        "xx",
        "--country",
        "XX",
    )

    assert result.exit_code == 2
    assert all(f"--{name}: Enter" in result.stderr for name in ("clinic", "zone", "country", "currency", "locale"))
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "deep").exists()


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("given", "stored_as"),
    [
        (["--zone", "Europe/Stockholm"], ("Europe/Stockholm", "SE")),
        (["--zone", "Asia/Calcutta"], ("Asia/Kolkata", "IN")),
        (["--zone", "Europe/London", "--country", "gi"], ("Europe/London", "GI")),
    ],
)
def test_a_clinic_has_the_country_of_its_zone_unless_another_is_given(
    migrated: Flask, tmp_path: Path, given: list[str], stored_as: tuple[str, str]
) -> None:
    result = init(migrated, *GIVEN, *given)

    assert result.exit_code == 0
    assert stored(tmp_path, "SELECT zone, country FROM clinics") == [stored_as]


@pytest.mark.slow
def test_another_name_of_a_zone_is_reported_as_replaced(migrated: Flask) -> None:
    result, plain = init(migrated, *GIVEN, "--zone", "Portugal"), init(migrated, *GIVEN, "--clinic", "Harbour")

    assert "Portugal is another name of Europe/Lisbon, which is stored" in result.stderr
    assert "another name" not in plain.stderr


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("zone", ["UTC", "localtime", "Factory", "Etc/GMT+1", "EST5EDT"])
def test_a_zone_that_is_no_place_is_refused(fresh: Flask, tmp_path: Path, zone: str) -> None:
    result = init(fresh, *GIVEN, "--zone", zone)

    assert result.exit_code == 2
    assert "--zone: Enter a time zone of the IANA list, like Europe/Lisbon: a name of a place" in result.stderr
    assert not (tmp_path / "deep").exists()


def test_a_command_before_init_prints_what_to_do(fresh: Flask) -> None:
    result = fresh.test_cli_runner().invoke(args=["patients", "list"])

    assert result.exit_code == 4
    assert "flask init" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("args", [["worker"], ["worker", "--once"]])
def test_a_worker_before_init_prints_what_to_do(fresh: Flask, args: list[str]) -> None:
    result = fresh.test_cli_runner().invoke(args=args)

    assert (result.exit_code, result.stderr) == (4, "Error: the database is not set up: run `flask init`\n")


@pytest.mark.slow
def test_a_page_before_init_shows_what_to_do(app: Flask) -> None:
    page, json = app.test_client().get("/", follow_redirects=True), app.test_client().get("/api/v1/patients")

    assert (page.status_code, json.status_code) == (503, 401)
    assert "flask init" in page.text


@pytest.fixture
def older(app: Flask, client: PageClient) -> Iterator[PageClient]:
    """A signed-in client on a database that lacks a column."""
    _rename_column(app, "birth_date", "born")
    yield client
    _rename_column(app, "born", "birth_date")


def _rename_column(app: Flask, name: str, to: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE patients RENAME COLUMN {name} TO {to}"))


@pytest.mark.row(91)
def test_a_database_older_than_the_program_is_refused_with_what_to_do(older: PageClient, run: Run) -> None:
    page, json, command = older.get("/patients"), older.get("/api/v1/patients"), run("patients", "list")

    assert (page.status_code, page.headers["Retry-After"]) == (503, "60")
    assert "The database is older than the program: run `flask db upgrade`" in spoken(page.text)
    assert (json.status_code, json.get_json()["code"]) == (503, "not-upgraded")
    assert (command.exit_code, command.stdout) == (4, "")
    assert "the database is older than the program: run `flask db upgrade`" in command.stderr


@pytest.mark.slow
def test_the_migrations_create_exactly_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


@pytest.mark.slow
@pytest.mark.row(91)
def test_migrating_again_changes_nothing(app: Flask, clinic: Clinic) -> None:
    before = _columns(app), contents(app)

    with app.app_context():
        upgrade_database()

    assert (_columns(app), contents(app)) == before


def _columns(app: Flask) -> dict[str, list[str]]:
    """Return the names of the columns of every table that the database has."""
    with app.app_context():
        found = inspect(db.engine)
        return {table: [column["name"] for column in found.get_columns(table)] for table in found.get_table_names()}


@pytest.mark.slow
def test_init_asks_a_person_for_what_is_not_given(tmp_path: Path) -> None:
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "CLINIC_INSTANCE_PATH": str(tmp_path)}
    command = [sys.executable, "-m", "flask", "--app", "clinic", "init", "--currency", "EUR"]

    asking = subprocess.Popen(command, env=environment, stdin=theirs, stderr=subprocess.PIPE, text=True)
    os.write(terminal, "Clínica São João\nEurope/Lisbon\n".encode())
    said = asking.communicate(timeout=60)[1]
    os.close(theirs)
    os.close(terminal)

    assert asking.returncode == 0, said
    assert "Clinic's name: Time zone: " in said.replace("\n", "")
    assert "Clínica São João is set up (Europe/Lisbon, EUR)" in said
