"""Fixtures: an application on each database, emptied before every test, whose handlers must not fail unseen."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from argon2 import PasswordHasher
from click.testing import Result
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import make_transient_to_detached

from clinic import create_app
from clinic.core.db import Base, db
from clinic.core.events import event_bus
from clinic.core.tenancy import clinic_scope
from clinic.identity import passwords
from clinic.identity.models import Clinic
from clinic.identity.roles import role_permissions
from tests.builders import a_clinic, a_member
from tests.databases import POSTGRESQL, SQLITE, a_postgres_database, a_sqlite_database, empty, forget_rows, make_tables
from tests.page_client import PageClient
from tests.shared_folders import shared_folder
from tests.smtp_server import Mailbox, free_port
from tests.snapshots import Prepared, prepare
from tests.staff.login_helpers import OtherApp, a_person
from tests.staff.people import Hire, Person, hire

QUERIES, QUERIES_OF_A_FULL_RUN = 5_000, 1_500
"""How many compiled queries an application keeps; the random ones of a full run would take gigabytes of memory."""

Here = Callable[..., AbstractContextManager[None]]
Run = Callable[..., Result]
StoreOnce = Callable[[Callable[[], Any]], Any]
Become = Callable[..., frozenset[str]]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords at hardly any cost, so that the suite is not slowed down by what is to slow down guessing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled templates in a folder, from which every application of every process of the run loads them."""
    shared = shared_folder(tmp_path_factory, "templates")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(shared))})
        yield


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what an installation keeps."""
    return tmp_path_factory.mktemp("instance")


@contextmanager
def _application(url: str, instance: Path, *, full: bool) -> Iterator[Prepared]:
    app = create_app(
        {
            "TESTING": True,
            "SQLALCHEMY_DATABASE_URI": url,
            "SQLALCHEMY_ENGINE_OPTIONS": {"query_cache_size": QUERIES_OF_A_FULL_RUN if full else QUERIES},
            "INSTANCE_PATH": instance,
            "SECRET_KEY": "test" * 10,
            "MESSAGE_DELAY_SECONDS": 0,
        }
    )
    app.test_client_class = PageClient
    with app.app_context():
        make_tables()
    yield prepare(app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def prepared_on_sqlite(instance: Path, pytestconfig: pytest.Config) -> Iterator[Prepared]:
    """The application on SQLite."""
    full = pytestconfig.getoption("full")
    with a_sqlite_database() as url, _application(url, instance, full=full) as prepared:
        yield prepared


@pytest.fixture(scope="session")
def prepared_on_postgresql(instance: Path, pytestconfig: pytest.Config) -> Iterator[Prepared]:
    """The application on PostgreSQL."""
    full = pytestconfig.getoption("full")
    with a_postgres_database() as url, _application(url, instance, full=full) as prepared:
        yield prepared


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def prepared(request: pytest.FixtureRequest) -> Prepared:
    """The application on each database."""
    found: Prepared = request.getfixturevalue(f"prepared_on_{request.param}")
    return found


@pytest.fixture
def app(prepared: Prepared) -> Iterator[Flask]:
    """The application, configured as at first, on an empty database, with only its own handlers listening."""
    app = prepared.app
    app.config.update(prepared.config)
    with app.app_context(), db.engine.begin() as connection:
        empty(connection)
    forget_rows(app)
    yield app
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
def clinic(app: Flask, prepared: Prepared) -> Clinic:
    """The clinic in which requests and commands act: in Lisbon, with euros."""
    with app.app_context(), db.engine.begin() as connection:
        [row] = prepared.clinic_rows.insert(connection)[Base.metadata.tables["clinics"]]
    stored = Clinic(**row)
    make_transient_to_detached(stored)
    return stored


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
def store_once(app: Flask, clinic: Clinic, prepared: Prepared) -> StoreOnce:
    """Store in the clinic what a function makes: `store_once(_records)`; it is called by the first test only."""

    def store(make: Callable[[], Any]) -> Any:
        with app.app_context():
            return prepared.store_once(make)

    return store


@pytest.fixture
def visitor(app: Flask) -> PageClient:
    """A browser without JavaScript in which nobody has signed in."""
    client = app.test_client()
    assert isinstance(client, PageClient)
    return client


@pytest.fixture
def client(app: Flask, visitor: PageClient, clinic: Clinic, prepared: Prepared) -> PageClient:
    """A browser in which an administrator has signed in, and an integrator's program with a key to everything."""
    with app.app_context(), db.engine.begin() as connection:
        prepared.client_rows.insert(connection)
    visitor.key = prepared.key
    visitor.keep(prepared.token)
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
