"""An installation of revision 0002, stored with sessions, mail and events under way, goes on after `flask db upgrade`.

`data.sql` loads on both databases. It was dumped from a running installation at 10:00 UTC on 23 November 2026;
`known.json` holds what its users keep: cookies, an API key, a link, an exported file.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from click.testing import Result
from flask import Flask
from sqlalchemy import make_url, text

from clinic import create_app
from clinic.core.db import db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from tests.databases import POSTGRESQL, SQLITE, a_postgres_database
from tests.page_client import hidden_value
from tests.staff.login_helpers import PASSWORD, is_in, replay, sign_in

HERE = Path(__file__).parent
KNOWN = json.loads((HERE / "known.json").read_text(encoding="utf-8"))
DATA, SQLITE_SCHEMA = ((HERE / name).read_text(encoding="utf-8") for name in ("data.sql", "schema_sqlite.sql"))
REVISION = "0002"
SEALED, UNSEALED = 21, 48
TWO_DAYS_BEFORE_THE_VISITS = {"2026-11-30 10:00", "2026-12-01 11:00", "2026-12-02 12:00"}
FIVE_MINUTES_LATER = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def installation_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The installation on SQLite, upgraded."""
    folder = tmp_path_factory.mktemp("installation")
    with _upgraded(folder, f"sqlite:///{folder / 'clinic.db'}") as app:
        yield app


@pytest.fixture(scope="session")
def installation_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The installation on PostgreSQL, upgraded."""
    with a_postgres_database() as url, _upgraded(tmp_path_factory.mktemp("installation"), url) as app:
        yield app


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The upgraded installation, five minutes after it was stopped, with only its own handlers listening."""
    installation: Flask = request.getfixturevalue(f"installation_on_{request.param}")
    event_bus.clear()
    subscribe_handlers(installation)
    with time_machine.travel(FIVE_MINUTES_LATER):
        yield installation
    event_bus.clear()


@pytest.mark.slow
def test_the_audit_trail_is_verified_to_the_stored_checkpoint(app: Flask) -> None:
    result = _run(app, "audit", "verify", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert report["problems"] == []
    assert report["checked"] >= SEALED
    assert report["checked"] + report["unsealed"] >= SEALED + UNSEALED


@pytest.mark.slow
def test_the_stored_checkpoint_is_the_one_that_is_read(app: Flask) -> None:
    (file,) = Path(app.instance_path).glob("*-audit-head")
    with_checkpoint = _run(app, "audit", "verify").stderr

    moved = file.rename(file.with_name("moved"))
    without_checkpoint = _run(app, "audit", "verify").stderr
    moved.rename(file)

    assert with_checkpoint != without_checkpoint


def test_an_exported_file_is_verified(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "audit-trail.csv"
    file.write_bytes(KNOWN["export"].encode())

    assert _run(app, "audit", "verify", "--export", file).exit_code == 0


@pytest.mark.slow
def test_the_audit_trail_names_its_actors(app: Flask) -> None:
    page = replay(app, KNOWN["cookies"]["manager"]).get("/audit").text

    entries = page.rpartition("</select>")[2]
    for name in ("Administrator Person", "Manager Person", "API key “Lab link”", "maria@desk"):
        assert name in entries


@pytest.mark.slow
def test_the_worker_delivers_sends_and_seals_what_was_left(app: Flask) -> None:
    result = _run(app, "worker", "--once")
    with time_machine.travel(FIVE_MINUTES_LATER + timedelta(minutes=1)):  # a cancellation waits for its confirmation
        again = _run(app, "worker", "--once")

    assert (result.exit_code, again.exit_code) == (0, 0), result.stderr + again.stderr
    assert _counted(app, "SELECT state, count(*) FROM deliveries GROUP BY state") == {"delivered": 11, "discarded": 1}
    notifications = _counted(app, "SELECT state, count(*) FROM notifications WHERE kind <> 'reminder' GROUP BY state")
    assert notifications == {"sent": 9, "suppressed": 1, "unknown": 1}
    assert _planned_reminders(app) == {(two_days_before, "queued") for two_days_before in TWO_DAYS_BEFORE_THE_VISITS}
    assert _counted(app, "SELECT state, count(*) FROM staff_letters GROUP BY state") == {"sent": 5}
    assert _recipients(app) == {
        "joerg@example.org": 3,
        "lena@example.org": 1,
        "grossmann@example.org": 1,
        "ines@example.org": 3,
        "dead.worker@example.org": 1,
        "new@example.org": 1,
        "rita@example.org": 1,
        "marek@example.org": 1,
    }
    verified = _run(app, "audit", "verify", "--json")
    assert verified.exit_code == 0
    assert json.loads(verified.stdout)["unsealed"] == 0


@pytest.mark.slow
def test_a_session_goes_on_and_a_form_opened_before_is_accepted(app: Flask) -> None:
    browser = replay(app, KNOWN["cookies"]["open"])

    sent = browser.post(
        "/patients/new", data={"csrf_token": KNOWN["csrf_token"], "family_name": "After", "sex": "female"}
    )

    assert sent.status_code == 303, sent.text
    assert "P-000005" in browser.get(sent.location).text


def test_a_login_that_waits_for_its_code_is_completed(app: Flask) -> None:
    browser = replay(app, KNOWN["cookies"]["second_step_due"])
    form = browser.get("/login/code").text

    browser.post("/login/code", data={"csrf_token": hidden_value(form, "csrf_token"), "code": KNOWN["recovery_code"]})

    assert is_in(browser)


@pytest.mark.slow
def test_a_role_preview_goes_on(app: Flask) -> None:
    browser = replay(app, KNOWN["cookies"]["previewing"])

    assert browser.get("/staff").status_code == 403
    assert "/staff/seeing/end" in browser.get("/patients").text


@pytest.mark.slow
def test_a_form_saved_when_a_session_ended_is_shown_after_the_login(app: Flask) -> None:
    browser = replay(app, "")

    sign_in(browser, "ana@example.org", PASSWORD)

    assert browser.get("/kept", follow_redirects=True).text.count('value="Zoé"') == 1


def test_a_link_sent_before_sets_a_password(app: Flask) -> None:
    page = replay(app, "").get(f"/password/{KNOWN['reset_token']}")

    assert page.status_code == 200
    assert "marek@example.org" in page.text


@pytest.mark.slow
def test_an_api_key_works_and_a_repeated_payment_is_recognised(app: Flask) -> None:
    client = replay(app, "")
    client.key = KNOWN["api_key"]

    patient = client.get(f"/api/v1/patients/{KNOWN['patient']}")
    payment = client.post(
        f"/api/v1/invoices/{KNOWN['paid_invoice']}/payments",
        json={"amount": {"amount": "45.00", "currency": "EUR"}, "method": "card"},
        headers={"Idempotency-Key": "before-the-upgrade"},
    )

    assert patient.get_json()["phone"] == "+351912345678"
    assert patient.get_json()["pronouns"] == "she/her"
    assert payment.get_json()["received_at"].startswith("2026-11-23T08:30")


def test_the_released_migrations_still_create_the_stored_schema(tmp_path: Path) -> None:
    created, stored = tmp_path / "created.db", tmp_path / "stored.db"
    created.touch()
    with closing(sqlite3.connect(stored)) as connection:
        connection.executescript(SQLITE_SCHEMA)

    with _application(tmp_path, f"sqlite:///{created}") as app:
        assert _run(app, "db", "upgrade", REVISION).exit_code == 0

    assert _schema(created) == _schema(stored)


@contextmanager
def _upgraded(folder: Path, url: str) -> Iterator[Flask]:
    _restore_files(folder, url)
    with _application(folder, url) as app:
        _restore_rows(app, url)
        assert _run(app, "db", "upgrade").exit_code == 0
        yield app


@contextmanager
def _application(folder: Path, url: str) -> Iterator[Flask]:
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder})
    yield app
    with app.app_context():
        db.engine.dispose()


def _restore_files(folder: Path, url: str) -> None:
    """Write the keys, and the checkpoint under the name that belongs to the database."""
    (folder / "secret_key").write_text(KNOWN["secret_key"], encoding="ascii")
    (folder / "audit_key").write_text(KNOWN["audit_key"], encoding="ascii")
    (folder / _checkpoint_name(url)).write_text(KNOWN["audit_head"] + "\n", encoding="ascii")


def _checkpoint_name(url: str) -> str:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return "clinic-audit-head"
    whole = f"postgresql {parts.host} {parts.port} {parts.database}"
    return f"{parts.database}-{sha256(whole.encode()).hexdigest()[:8]}-audit-head"


def _restore_rows(app: Flask, url: str) -> None:
    """Load the dump: on SQLite with its schema, on PostgreSQL into one that the released migrations create."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database or "")) as connection:
            connection.executescript(SQLITE_SCHEMA + DATA)
        return
    assert _run(app, "db", "upgrade", REVISION).exit_code == 0
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute(b"SET TIME ZONE 'UTC'")
        server.execute(DATA.encode())


def _run(app: Flask, *args: Any) -> Result:
    return app.test_cli_runner().invoke(args=[str(arg) for arg in args])


def _counted(app: Flask, statement: str) -> dict[str, int]:
    with app.app_context(), db.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(statement)).all()}


def _planned_reminders(app: Flask) -> set[tuple[str, str]]:
    """Return when each reminder is due, and its state."""
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(text("SELECT due_at, state FROM notifications WHERE kind = 'reminder'")).all()
    return {(str(due_at)[:16], state) for due_at, state in found}


def _recipients(app: Flask) -> Counter[str]:
    """Return how many mails were sent to each address."""
    files = (Path(app.instance_path) / "outbox").glob("*.eml")
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return Counter(str(mail["To"].addresses[0].addr_spec) for mail in mails)


def _schema(file: Path) -> set[str]:
    """Return the statements that create a SQLite database, whatever their spacing."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {"".join(sql.split()) for (sql,) in found}
