"""Fixtures: an application on each database, emptied before every test, whose handlers must not fail unseen."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from argon2 import PasswordHasher
from click.testing import Result
from flask import Flask
from sqlalchemy import Executable, Table, create_engine, exists, make_url, select, text
from sqlalchemy.exc import OperationalError

from clinic import create_app
from clinic.core.db import Base, db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from clinic.core.tenancy import clinic_scope
from clinic.identity import passwords
from clinic.identity.models import Clinic
from clinic.identity.roles import role_permissions
from clinic.operations.setup import upgrade_database
from tests.builders import a_clinic, a_member
from tests.page_client import PageClient
from tests.smtp_server import Mailbox, free_port
from tests.staff.login_helpers import OtherApp, a_person
from tests.staff.people import Hire, Person, hire

LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"

Here = Callable[..., AbstractContextManager[None]]
Run = Callable[..., Result]
Become = Callable[..., frozenset[str]]


def postgres_server() -> str:
    """Return the URL of the PostgreSQL server for tests; skip, or fail where it is required, if none answers."""
    url = os.environ.get("CLINIC_TEST_POSTGRES_URL", LOCAL_POSTGRES).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    try:
        with engine.connect():
            return url
    except OperationalError:
        if os.environ.get("CLINIC_REQUIRE_POSTGRES") == "1":
            pytest.fail("no PostgreSQL server answers, and CLINIC_REQUIRE_POSTGRES=1 asks for one")
        pytest.skip("no PostgreSQL server answers: set CLINIC_TEST_POSTGRES_URL to test on one")
    finally:
        engine.dispose()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what goes through everything to the slower proofs, on the slower of the two databases."""
    for item in items:
        database = getattr(item, "callspec", None) and item.callspec.params.get("database_url")  # type: ignore[attr-defined]
        if item.get_closest_marker("exhaustive") and database == "postgresql":
            item.add_marker("slow")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many requests the proofs of access have sent."""
    passed = terminalreporter.stats.get("passed", [])
    sent = sum(value for report in passed for name, value in report.user_properties if name == "requests")
    if sent:
        terminalreporter.write_line(f"access matrix: {sent} requests")


@contextmanager
def a_postgres_database() -> Iterator[str]:
    """Make a database of its own on the server, and drop it afterwards."""
    server, name = postgres_server(), f"clinic_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'clinic.db'}"
    else:
        with a_postgres_database() as url:
            yield url


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords at hardly any cost, so that the suite is not slowed down by what is to slow down guessing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what an installation keeps."""
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session")
def _application(database_url: str, instance: Path) -> Iterator[Flask]:
    app = create_app(
        {
            "TESTING": True,
            "SQLALCHEMY_DATABASE_URI": database_url,
            "INSTANCE_PATH": instance,
            "SECRET_KEY": "test" * 10,
        }
    )
    app.test_client_class = PageClient
    with app.app_context():
        upgrade_database()
    yield app
    with app.app_context():
        db.engine.dispose()


@cache
def _tables_backwards() -> list[Table]:
    return list(reversed(Base.metadata.sorted_tables))


@cache
def _which_are_filled() -> Executable:
    return select(*(exists(select(table)) for table in _tables_backwards()))


@pytest.fixture
def app(_application: Flask) -> Iterator[Flask]:
    """The application, on an empty database, with only its own handlers listening."""
    with _application.app_context(), db.engine.begin() as connection:
        filled = connection.execute(_which_are_filled()).one()
        for table, is_filled in zip(_tables_backwards(), filled, strict=True):
            if is_filled:
                connection.execute(table.delete())
    event_bus.clear()
    subscribe_handlers(_application)
    yield _application
    event_bus.clear()


UNEXPECTED = ("handler_failed", "recursion_cut", "failure_not_recorded", "after_commit_failed", "job_failed")


class _Failures(logging.Handler):
    """Keeps what is said about failed handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(UNEXPECTED):
            self.seen.append(message)


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Loggers that go on as they were, whatever a command or a tool inside a test has set."""
    before = {logger: (logger.level, logger.disabled) for logger in _loggers()}
    yield
    for logger, (level, disabled) in before.items():
        logger.disabled = disabled
        if logger.level != level:
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = (logging.getLogger(name) for name in list(logging.root.manager.loggerDict))
    return [logging.root, *known]


@pytest.fixture(autouse=True)
def failed_handlers(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What was logged about failed handlers; a test that does not expect any fails."""
    failures = _Failures()
    logger = logging.getLogger("clinic")
    logger.addHandler(failures)
    yield failures.seen
    logger.removeHandler(failures)
    if failures.seen and not request.node.get_closest_marker("expects_failing_handler"):
        pytest.fail("a handler failed unexpectedly: " + failures.seen[0])


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is published during a test: names and data, in order."""
    seen: list[tuple[str, dict[str, Any]]] = []
    log_published = event_bus.log_published

    def note(event_type: str, data: dict[str, Any]) -> None:
        seen.append((event_type, dict(data)))
        log_published(event_type, data)

    monkeypatch.setattr(event_bus, "log_published", note)
    return seen


@pytest.fixture
def clinic(app: Flask) -> Clinic:
    """The clinic in which requests and commands act: in Lisbon, with euros."""
    with app.app_context():
        return a_clinic()


@pytest.fixture
def other_clinic(app: Flask, clinic: Clinic) -> Clinic:
    """Another clinic of the same installation."""
    with app.app_context():
        return a_clinic(name="Other Clinic")


@pytest.fixture
def here(app: Flask, clinic: Clinic) -> Here:
    """Enter the clinic, or the one of an id, for a `with` block."""

    @contextmanager
    def enter(clinic_id: UUID = clinic.id) -> Iterator[None]:
        with app.app_context(), clinic_scope(clinic_id):
            yield

    return enter


@pytest.fixture
def inside(here: Here) -> Iterator[None]:
    """Be in the clinic during the whole test, for tests of services."""
    with here():
        yield


@pytest.fixture
def visitor(app: Flask) -> PageClient:
    """A browser without JavaScript in which nobody has signed in."""
    client = app.test_client()
    assert isinstance(client, PageClient)
    return client


@pytest.fixture
def client(visitor: PageClient, clinic: Clinic) -> PageClient:
    """A browser in which an administrator has signed in, and an integrator's program with a key to everything."""
    visitor.work_in(clinic)
    return visitor


@pytest.fixture
def become(client: PageClient, clinic: Clinic, here: Here) -> Become:
    """Let somebody of a role, less what they are denied, have signed in: `become("manager", "audit:read")`."""

    def sign_in(role: str, *denied: str) -> frozenset[str]:
        with here():
            member_id = a_member(clinic.id, role, email=f"{role}-{len(denied)}@example.org", denied=denied).id
        client.become(member_id, clinic.id)
        return role_permissions(role, denied)

    return sign_in


@pytest.fixture
def run(app: Flask, clinic: Clinic) -> Run:
    """Run a command as an operator would: `run("patients", "list")`."""

    def invoke(*args: str, **options: Any) -> Result:
        return app.test_cli_runner().invoke(args=[str(arg) for arg in args], **options)

    return invoke


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[tuple[Mailbox, str]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    yield mailbox, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def mailbox(app: Flask, _mail_server: tuple[Mailbox, str], monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """A mail server to which the application sends; empty, and accepting everything."""
    box, url = _mail_server
    monkeypatch.setitem(app.config, "SMTP_URL", url)
    box.__init__()  # type: ignore[misc]
    return box


@pytest.fixture
def hired(app: Flask, clinic: Clinic) -> Hire:
    """Let somebody work in the clinic: `hired("manager")`."""
    clinic_id = clinic.id
    return lambda role, email="", where=clinic_id: hire(app, where, role, email)


@pytest.fixture
def desk(client: PageClient, hired: Hire) -> Person:
    """The receptionist."""
    return hired("receptionist")


@pytest.fixture
def person(app: Flask, clinic: Clinic) -> Any:
    """The id of a receptionist who signs in with a password."""
    return a_person(app, clinic.id)


@pytest.fixture
def other_app(app: Flask, tmp_path: Path) -> OtherApp:
    """Make another application on the same database, set up otherwise."""

    @contextmanager
    def make(**settings: Any) -> Iterator[Flask]:
        same = {name: app.config[name] for name in ("TESTING", "SQLALCHEMY_DATABASE_URI", "SECRET_KEY")}
        made = create_app({**same, "INSTANCE_PATH": tmp_path, **settings})
        yield made
        with made.app_context():
            db.engine.dispose()

    return make
