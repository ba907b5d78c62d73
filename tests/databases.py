"""The databases on which tests run: each is made once, and emptied before every test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, Table, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from clinic.core import heartbeat
from clinic.core.db import Base, db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from clinic.operations.setup import upgrade_database
from clinic.web.navigation_counts import forget_counts

LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
MEMORY = Path("/dev/shm")

SQLITE = pytest.param("sqlite", marks=pytest.mark.sqlite)
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)

on_sqlite_only = pytest.mark.parametrize("prepared", [SQLITE], indirect=True)
"""A decorator for tests of what only SQLite does."""

on_one_database = on_sqlite_only
"""A decorator for tests of what no database decides, and that take long."""

on_postgresql_only = pytest.mark.parametrize("prepared", [POSTGRESQL], indirect=True)
"""A decorator for tests of what only PostgreSQL does."""


def is_on_sqlite(app: Flask) -> bool:
    """Return whether an application stores its rows in SQLite."""
    return str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")


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


@contextmanager
def a_postgres_database(template: str = "template1") -> Iterator[str]:
    """Create a database on the server as a copy of another, drop it afterwards; commits don't wait for the disk."""
    server, name = postgres_server(), f"clinic_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()


@contextmanager
def a_sqlite_database() -> Iterator[str]:
    """Name a database in memory that is shared like a file, or in a temporary folder where there is none."""
    folder = mkdtemp(prefix="clinic-test-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    yield f"sqlite:///{folder}/clinic.db"
    shutil.rmtree(folder)


_migrated: list[bytes] = []


def make_tables() -> None:
    """Make the tables of the current application, whose database is empty; a process migrates one on SQLite only once.

    The others are copies of the first.
    """
    if db.engine.dialect.name != "sqlite":
        upgrade_database()
        return
    file = Path(str(db.engine.url.database))
    if not _migrated:
        upgrade_database()
        _migrated.append(file.read_bytes())
        return
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(_migrated[0])


@cache
def _tables_backwards() -> list[Table]:
    return list(reversed(Base.metadata.sorted_tables))


@cache
def _which_are_filled() -> str:
    return "SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {table.name})" for table in _tables_backwards())


def empty(connection: Connection) -> None:
    """Delete all rows, also those that guards keep."""
    filled = connection.exec_driver_sql(_which_are_filled()).one()
    deletions = [
        f"DELETE FROM {table.name}" for table, any_row in zip(_tables_backwards(), filled, strict=True) if any_row
    ]
    for statement in _batches(connection, deletions):
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def forget_rows(app: Flask) -> None:
    """Let an application forget what it knows of rows that are gone, and only its own handlers listen."""
    for kept in Path(app.instance_path).glob("*-audit-head"):
        kept.unlink()
    forget_counts(app)
    app.extensions.pop(heartbeat._RECENT, None)
    event_bus.clear()
    subscribe_handlers(app)


def _batches(connection: Connection, statements: list[str]) -> list[str]:
    """Return the statements that delete rows in spite of triggers.

    PostgreSQL takes them at once, without its triggers. SQLite deletes an owner before its parts, which are guarded
    only as long as there is one, and checks the references at the end.
    """
    if not statements:
        return []
    if connection.dialect.name == "postgresql":
        return ["; ".join([f"SET LOCAL {_TRIGGERS} = replica", *statements, f"SET LOCAL {_TRIGGERS} = DEFAULT"])]
    return ["PRAGMA defer_foreign_keys = ON", *reversed(statements)]


_TRIGGERS = "session_replication_role"

GUARDED = ("invoice_lines",)
"""Tables whose triggers refuse rows of what is issued already."""


@contextmanager
def without_guards(connection: Connection, *tables: str) -> Iterator[None]:
    """Let statements of a connection do to the rows of tables what their triggers refuse."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return
    wanted = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    found = [row for table in tables for row in connection.execute(wanted, {"table": table}).all()]
    for row in found:
        connection.exec_driver_sql(f"DROP TRIGGER {row.name}")
    yield
    for row in found:
        connection.exec_driver_sql(row.sql)
