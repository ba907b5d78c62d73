"""Engines for SQLite and PostgreSQL: what is set when a connection opens and a transaction begins."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from clinic.core.db.sqlite_files import check_open_files, watch_of

WRITING = {"clinic_writing": True}
"""The execution option of a connection for a write transaction."""

VOLATILE = {**WRITING, "clinic_volatile": True}
"""The execution options of a connection for a write transaction that may be lost when the power fails."""

ENGINE_OPTIONS = {"hide_parameters": True}
"""The options of `create_engine`."""

IDLE_SECONDS = 1
"""A connection that was idle for longer is checked before it is used again."""

_SYNCHRONOUS = "synchronous"
_USED_AT = "used_at"

UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"
"""SQLSTATE codes of PostgreSQL."""


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
        record.info[_SYNCHRONOUS] = "FULL"
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
        if _is_writing(connection):
            _set_synchronous(connection)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writing(connection) else "BEGIN")


def _set_synchronous(connection: Connection) -> None:
    """Let commits wait until they are on the disk, unless they may be lost when the power fails."""
    wanted = "NORMAL" if _is_volatile(connection) else "FULL"
    if connection.info.get(_SYNCHRONOUS) != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
        connection.info[_SYNCHRONOUS] = wanted


def _configure_postgresql(engine: Engine, app: Flask) -> None:
    @event.listens_for(engine, "checkin")
    def note_use(_connection: object, record: Any) -> None:
        record.info[_USED_AT] = monotonic()

    @event.listens_for(engine, "checkout")
    def check_connection(connection: Any, record: Any, _proxy: object) -> None:
        """Replace a connection that broke while it was idle."""
        if monotonic() - record.info.get(_USED_AT, monotonic()) > IDLE_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """Begin a write transaction at once, which the driver would do later, and limit its wait for a lock."""
        if _is_writing(connection):
            settings = [f"SET LOCAL lock_timeout = {int(app.config['LOCK_TIMEOUT_MS'])}"]
            if _is_volatile(connection):
                settings.append("SET LOCAL synchronous_commit = off")
            _begin_with(connection, settings)


def _begin_with(connection: Connection, settings: list[str]) -> None:
    """Begin a transaction on PostgreSQL with some settings, in one round trip.

    The driver alone would make two: it sends a BEGIN of its own before the first statement outside a transaction.
    """
    driver: Any = connection.connection.dbapi_connection
    with suppress(connection.dialect.loaded_dbapi.Error):  # of a broken connection: the next statement raises it
        driver.pgconn.exec_("; ".join(["BEGIN", *settings]).encode())
    if not is_in_transaction(connection):
        connection.exec_driver_sql("; ".join(settings))


def _is_writing(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("clinic_writing"))


def _is_volatile(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("clinic_volatile"))
