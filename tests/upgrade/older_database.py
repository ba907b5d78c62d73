"""An empty database of an older revision, and rows as that revision has them."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import URL, make_url, text

from clinic import create_app
from clinic.core.db import db
from tests.databases import a_postgres_database

NOW = "2026-11-23 08:00:00"


ORIGINALS = ExitStack()
"""Databases that tests copy. They are dropped when it is closed."""


@contextmanager
def an_older_database(kind: str, folder: Path, revision: str) -> Iterator[Flask]:
    """Yield an application, with its context pushed, on an empty database of a revision."""
    original = _original(kind, revision)
    if kind == "sqlite":
        shutil.copy(str(original.database), folder / "clinic.db")
        with _application(folder, f"sqlite:///{folder / 'clinic.db'}") as app:
            yield app
        return
    with a_postgres_database(template=str(original.database)) as url, _application(folder, url) as app:
        yield app


@cache
def _original(kind: str, revision: str) -> URL:
    """Make the empty database of a revision that tests copy, and close all connections to it."""
    folder = Path(ORIGINALS.enter_context(TemporaryDirectory()))
    url = f"sqlite:///{folder / 'clinic.db'}"
    if kind == "sqlite":
        (folder / "clinic.db").touch()
    else:
        url = ORIGINALS.enter_context(a_postgres_database())
    with _application(folder, url):
        upgrade(revision=revision)
    return make_url(url)


@contextmanager
def _application(folder: Path, url: str) -> Iterator[Flask]:
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def insert(table: str, values: dict[str, Any]) -> None:
    """Insert a versioned row into a table as the database has it, whatever the models say."""
    insert_plain(table, {**values, "version": 1, "created_at": NOW, "updated_at": NOW})


def insert_plain(table: str, values: dict[str, Any]) -> None:
    """Insert a row of these columns alone into a table as the database has it."""
    stored = {name: value.hex if isinstance(value, UUID) else value for name, value in values.items()}
    names, places = ", ".join(stored), ", ".join(f":{name}" for name in stored)
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), stored)
