"""Databases that keep their URL while they are replaced by copies of others."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psycopg
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from sqlalchemy import create_engine, make_url, text

from tests.databases import a_postgres_database, a_sqlite_database, postgres_server

Rows = dict[str, bytes]
"""The rows of the tables that have any, as PostgreSQL copies them."""


class ReplaceableDatabase(Protocol):
    """A database that is replaced while nothing is connected to it."""

    url: str
    blank: str
    """The name of a database without tables."""

    def replace(self, by: str) -> None:
        """Make it a copy of the database of a name."""

    def keep(self) -> str:
        """Put it aside, to be copied; return its name."""

    def remember(self) -> str:
        """Remember what it holds, under a name that is returned."""

    def bring_back(self, name: str) -> bool:
        """Let it hold what was remembered under a name; return whether that was possible, which it is for no name."""


class _File:
    def __init__(self, url: str) -> None:
        self.url = url
        self._file = Path(str(make_url(url).database))
        self.blank = str(self._file.with_name("blank.db"))
        Path(self.blank).touch()

    def replace(self, by: str) -> None:
        for left in self._file.parent.glob(f"{self._file.name}*"):
            left.unlink()
        shutil.copy(by, self._file)

    def keep(self) -> str:
        return str(self._file.rename(self._file.with_name(f"{uuid4().hex}.db")))

    def remember(self) -> str:
        return str(shutil.copy(self._file, self._file.with_name(f"{uuid4().hex}.db")))

    def bring_back(self, name: str) -> bool:
        if name:
            self.replace(name)
        return bool(name)


@dataclass(frozen=True)
class _Remembered:
    """What a database on the server holds; another one takes its place when the database is replaced."""

    name: str
    tables: list[str]
    rows: Rows


class _OnServer:
    """A database on a server, where a copy of a whole one takes long.

    Only its rows are remembered, and they are brought back if it was not replaced, and its schema did not change.
    """

    blank = "template1"

    def __init__(self, url: str) -> None:
        self.url = url
        self._name = str(make_url(url).database)
        self._kept: list[str] = []
        self._remembered: _Remembered | None = None

    def replace(self, by: str) -> None:
        self._remembered = None
        self._run(
            f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)",
            f"CREATE DATABASE {self._name} TEMPLATE {by}",
            f"ALTER DATABASE {self._name} SET synchronous_commit = off",
        )

    def keep(self) -> str:
        self._remembered = None
        self._kept.append(f"{self._name}_{len(self._kept)}")
        self._run(f"ALTER DATABASE {self._name} RENAME TO {self._kept[-1]}")
        return self._kept[-1]

    def remember(self) -> str:
        with self._connect() as connection, connection.cursor() as cursor:
            tables = [name for (name,) in cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
            rows = {table: _read(cursor, table) for table in _filled(cursor, tables)}
        self._remembered = _Remembered(uuid4().hex, tables, rows)
        return self._remembered.name

    def bring_back(self, name: str) -> bool:
        kept = self._remembered
        if not kept or kept.name != name:
            return False
        with self._connect() as connection, connection.cursor() as cursor:
            if _read(cursor, "alembic_version") != kept.rows["alembic_version"]:
                return False
            cursor.execute("SET session_replication_role = replica")
            for table in _filled(cursor, kept.tables):
                cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            for table, rows in kept.rows.items():
                with cursor.copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                    copy.write(rows)
        return True

    def drop_kept(self) -> None:
        self._run(*(f"DROP DATABASE {name}" for name in self._kept))

    def _connect(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self.url.replace("+psycopg", ""))

    def _run(self, *statements: str) -> None:
        engine = create_engine(postgres_server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


def _read(cursor: Cursor[TupleRow], table: str) -> bytes:
    with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(copy)


def _filled(cursor: Cursor[TupleRow], tables: list[str]) -> list[str]:
    """Return the tables that have rows."""
    answers = SQL(", ").join(SQL("EXISTS (SELECT 1 FROM {})").format(Identifier(table)) for table in tables)
    found = cursor.execute(SQL("SELECT {}").format(answers)).fetchone() or ()
    return [table for table, any_row in zip(tables, found, strict=True) if any_row]


@contextmanager
def a_replaceable_database(kind: str) -> Iterator[ReplaceableDatabase]:
    """Make one on SQLite or PostgreSQL, and delete it afterwards with all that were kept."""
    if kind == "sqlite":
        with a_sqlite_database() as url:
            yield _File(url)
        return
    with a_postgres_database() as url:
        database = _OnServer(url)
        yield database
        database.drop_kept()
