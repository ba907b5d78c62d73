"""One migration at a time: the others wait until it has ended, then find nothing left to do."""

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
