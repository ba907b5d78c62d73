"""Databases that keep their URL while they are replaced by copies of others."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from tests.databases import a_postgres_database, a_sqlite_database, postgres_server


class ReplaceableDatabase(Protocol):
    """A database that is replaced while nothing is connected to it."""

    url: str
    blank: str
    """The name of a database without tables."""

    def replace(self, by: str) -> None:
        """Make it a copy of the database of a name."""

    def keep(self) -> str:
        """Put it aside, to be copied; return its name."""


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


class _OnServer:
    blank = "template1"

    def __init__(self, url: str) -> None:
        self.url = url
        self._name = str(make_url(url).database)
        self._kept: list[str] = []

    def replace(self, by: str) -> None:
        self._run(
            f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)",
            f"CREATE DATABASE {self._name} TEMPLATE {by}",
            f"ALTER DATABASE {self._name} SET synchronous_commit = off",
        )

    def keep(self) -> str:
        self._kept.append(f"{self._name}_{len(self._kept)}")
        self._run(f"ALTER DATABASE {self._name} RENAME TO {self._kept[-1]}")
        return self._kept[-1]

    def drop_kept(self) -> None:
        self._run(*(f"DROP DATABASE {name}" for name in self._kept))

    def _run(self, *statements: str) -> None:
        engine = create_engine(postgres_server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


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
