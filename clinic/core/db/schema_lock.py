"""The lock of migrations, which run one at a time; those that waited find nothing left to do."""

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
