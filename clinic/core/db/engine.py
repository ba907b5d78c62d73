"""Engines for SQLite and PostgreSQL: what is set when a connection opens and a transaction begins."""

import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from clinic.core.db.sqlite_files import check_open_files, watch_of

WRITING = {"clinic_writing": True}
"""The execution option of a connection for a write transaction."""

UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"
"""SQLSTATE codes of PostgreSQL."""


def engine_options(url: str) -> dict[str, Any]:
    """Return the options of `create_engine` for a URL."""
    options: dict[str, Any] = {"hide_parameters": True}
    if not url.startswith("sqlite"):
        options["pool_pre_ping"] = True
    return options


def lacks_tables(error: DBAPIError) -> bool:
    """Return whether a statement failed because the database has no tables."""
    return _matches(error, ("no such table", "unable to open database file"), UNDEFINED_TABLE)


def lacks_columns(error: DBAPIError) -> bool:
    """Return whether a statement failed because the schema is older than the program."""
    return _matches(error, ("no such column", "has no column named"), UNDEFINED_COLUMN)


def _matches(error: DBAPIError, phrases: tuple[str, ...], sqlstate: str) -> bool:
    """Return whether an error has one of SQLite's phrases or PostgreSQL's SQLSTATE."""
    message = str(error.orig).lower()
    return any(phrase in message for phrase in phrases) or getattr(error.orig, "sqlstate", None) == sqlstate


def is_in_transaction(connection: Connection) -> bool:
    """Return whether the driver has an open transaction, whatever SQLAlchemy's own state."""
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        return bool(driver.in_transaction)
    return bool(driver.info.transaction_status)


def configure_engine(engine: Engine, app: Flask) -> None:
    """Set durability, foreign keys and lock timeouts of an engine, and how its write transactions begin."""
    if engine.dialect.name == "sqlite":
        _configure_sqlite(engine, app)
    else:
        _configure_postgresql(engine, app)


def _configure_sqlite(engine: Engine, app: Flask) -> None:
    watch = watch_of(engine.url.database)

    @event.listens_for(engine, "do_connect")
    def refuse_to_create(_dialect: object, _record: object, arguments: list[Any], _options: object) -> None:
        path = str(arguments[0])
        if watch:
            watch.check_database()
        if path != ":memory:" and not Path(path).exists():
            raise sqlite3.OperationalError(f"unable to open database file: there is no {path}")

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(app.config['LOCK_TIMEOUT_MS'])}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA schema_version").fetchone()  # opens the write-ahead log
        cursor.close()
        if watch:
            watch.remember(record.info)

    @event.listens_for(engine, "checkout")
    def check_files(_connection: object, record: Any, _proxy: object) -> None:
        check_open_files(record.info)

    @event.listens_for(engine, "engine_disposed")
    def accept_new_files(_engine: Engine) -> None:
        if watch:
            watch.reset()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writing(connection) else "BEGIN")


def _configure_postgresql(engine: Engine, app: Flask) -> None:
    @event.listens_for(engine, "begin")
    def limit_lock_wait(connection: Connection) -> None:
        """Limit the wait for a lock; the statement also begins the transaction, which the driver would begin later."""
        if _is_writing(connection):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(app.config['LOCK_TIMEOUT_MS'])}")


def _is_writing(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("clinic_writing"))
