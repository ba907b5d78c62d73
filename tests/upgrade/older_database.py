"""Databases of older revisions with rows, upgraded: each is made once, and brought back before each test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from click.testing import Result
from flask import current_app
from sqlalchemy import text

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.operations.setup import upgrade_database
from tests.databases import forget_rows
from tests.upgrade.replaceable_databases import ReplaceableDatabase

NOW = "2026-11-23 08:00:00"

Ids = dict[str, UUID]
InsertRows = Callable[[], Ids]


class Upgrades:
    """An application on a database that was upgraded from older revisions, and holds the rows of one at a time."""

    def __init__(self, database: ReplaceableDatabase, folder: Path) -> None:
        self._database = database
        self._app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": database.url, "INSTANCE_PATH": folder})
        self._empty = {"": database.blank}
        self._upgraded: dict[tuple[str, InsertRows], tuple[str, Ids]] = {}
        """By revision and rows: the name under which the database is remembered, and the ids of its rows."""

    @contextmanager
    def enter(self, revision: str, insert_rows: InsertRows) -> Iterator[Ids]:
        """Enter the clinic that was inserted into a database of a revision, upgraded; yield the ids of its rows."""
        name, ids = self._upgraded.get((revision, insert_rows), ("", {}))
        if not self._database.bring_back(name):
            with self._on(self._empty_of(revision)):
                ids = insert_rows()
                upgrade_database()
            self._upgraded[revision, insert_rows] = self._database.remember(), ids
        with self._entered(), clinic_scope(ids["clinic"]):
            yield ids

    def _empty_of(self, revision: str) -> str:
        """Return the name of a database of a revision; it is made from the nearest older one."""
        nearest = max(known for known in self._empty if known <= revision)
        if nearest != revision:
            with self._on(self._empty[nearest]):
                upgrade_database(revision)
            self._empty[revision] = self._database.keep()
        return self._empty[revision]

    @contextmanager
    def _on(self, name: str) -> Iterator[None]:
        self._database.replace(name)
        with self._entered():
            yield

    @contextmanager
    def _entered(self) -> Iterator[None]:
        forget_rows(self._app)
        with self._app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()


def downgrade(revision: str, *options: str) -> Result:
    """Run `flask db downgrade` in the current application."""
    db.session.remove()
    return current_app.test_cli_runner().invoke(args=["db", "downgrade", revision, *options])


def insert(table: str, values: dict[str, Any]) -> None:
    """Insert a versioned row into a table as the database has it, whatever the models say."""
    insert_plain(table, {**values, "version": 1, "created_at": NOW, "updated_at": NOW})


def insert_plain(table: str, values: dict[str, Any]) -> None:
    """Insert a row of these columns alone into a table as the database has it."""
    stored = {name: value.hex if isinstance(value, UUID) else value for name, value in values.items()}
    names, places = ", ".join(stored), ", ".join(f":{name}" for name in stored)
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), stored)
