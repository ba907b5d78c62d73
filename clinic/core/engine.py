"""Connections to SQLite and PostgreSQL: what each is told when it is opened and begins."""

from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

WRITING = {"clinic_writing": True}
"""The execution option of a connection that is going to write."""

UNDEFINED_TABLE = "42P01"
"""PostgreSQL's SQLSTATE."""


def engine_options(url: str) -> dict[str, Any]:
    """Return the options with which an engine for `url` is made."""
    options: dict[str, Any] = {"hide_parameters": True}
    if not url.startswith("sqlite"):
        options["pool_pre_ping"] = True
    return options


def lacks_tables(error: DBAPIError) -> bool:
    """Say whether a statement failed because the database was never set up."""
    words = str(error.orig).lower()
    missing = ("no such table", "unable to open database file")
    return any(sign in words for sign in missing) or getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE


def configure_engine(engine: Engine, app: Flask) -> None:
    """Let SQLite be durable, checked and patient, and take its write lock when a unit of work begins."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(app.config['SQLITE_BUSY_TIMEOUT_MS'])}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("clinic_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
