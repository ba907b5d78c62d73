"""One migration at a time: the others wait until it has ended, then find nothing left to do.

SQLite changes a table by building it anew, which deletes referring rows or fails unless foreign keys are suspended.
"""

from flask import current_app
from sqlalchemy import Connection, text

KEY = 7_251_437_001
"""PostgreSQL's advisory lock of migrations; any number that nothing else in the database locks."""

WAIT_MS = 600_000


def wait_for_writers(connection: Connection) -> None:
    """Let a connection to SQLite wait ten minutes for its write transaction, which excludes all others."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute(f"PRAGMA busy_timeout = {WAIT_MS}")


def lock_schema(connection: Connection) -> None:
    """Wait for the lock of migrations, and hold it until the open transaction ends; SQLite's holds it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {WAIT_MS}"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({KEY})"))
        connection.execute(text(f"SET LOCAL lock_timeout = {int(current_app.config['LOCK_TIMEOUT_MS'])}"))


def suspend_foreign_keys(connection: Connection) -> None:
    """Let SQLite ignore foreign keys on a connection, which is not used again; to be called before a transaction."""
    if connection.dialect.name == "sqlite":
        connection.detach()
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")


def check_foreign_keys(connection: Connection) -> None:
    """Check the rows that were written while SQLite's foreign keys were suspended.

    :raises RuntimeError: if a row refers to none
    """
    if connection.dialect.name == "sqlite":
        broken = {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
        if broken:
            raise RuntimeError(f"a migration broke references of {', '.join(sorted(broken))}")
