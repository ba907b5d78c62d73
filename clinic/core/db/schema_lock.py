"""The lock of migrations, which run one at a time; those that waited find nothing left to do.

SQLite changes a table by building it anew, which deletes referring rows or fails unless foreign keys are suspended.
"""

from flask import current_app
from sqlalchemy import Connection, text

KEY = 7_251_437_001
"""The number of PostgreSQL's advisory lock for migrations, which nothing else in the database uses."""

WAIT_MS = 600_000


def wait_for_writers(connection: Connection) -> None:
    """Make a connection to SQLite wait up to ten minutes for the write lock of the database."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute(f"PRAGMA busy_timeout = {WAIT_MS}")


def lock_schema(connection: Connection) -> None:
    """Wait for the lock and hold it until the transaction ends; on SQLite the write transaction is the lock."""
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
