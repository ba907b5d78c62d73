"""The environment of Alembic: its connection and the metadata of the models."""

from typing import Any

from alembic import context
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import BatchOperationsImpl
from flask import has_app_context
from sqlalchemy import Connection, inspect, select

from clinic.core.db import Base, db
from clinic.core.db.engine import WRITING
from clinic.core.db.schema_lock import check_foreign_keys, lock_schema, suspend_foreign_keys, wait_for_writers
from clinic.core.errors import InvalidInput

DELETES_DATA = "A downgrade deletes what the newer version has stored: back up the database, then add this option"


class ShallowSQLiteImpl(SQLiteImpl):
    """SQLite's part of Alembic, which reads a table that it rebuilds without all those that it refers to, and theirs."""

    __dialect__ = "sqlite"  # registers it

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        """Return whether a table has to be rebuilt."""
        batch_op.reflect_kwargs["resolve_fks"] = False
        return super().requires_recreate_in_batch(batch_op)


def run_migrations() -> None:
    """Run the pending migrations in one transaction, one process at a time; keep the applied revisions in `attributes`."""
    attributes = context.config.attributes
    with db.engine.connect().execution_options(**WRITING) as connection:
        wait_for_writers(connection)
        suspend_foreign_keys(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            transactional_ddl=True,
            on_version_apply=note_revision,  # type: ignore[arg-type]
        )
        with context.begin_transaction():
            lock_schema(connection)
            attributes["keeps_data"] = not attributes.get("delete_data") and has_rows(connection)
            context.run_migrations()
            check_foreign_keys(connection)


def note_revision(*, step: Any, **_more: object) -> None:
    """Note an applied revision; an error here undoes it with all others.

    :raises InvalidInput: if it is a downgrade of a database with rows, without `delete_data`
    """
    attributes = context.config.attributes
    if not step.is_upgrade and not step.is_stamp and attributes["keeps_data"]:
        raise InvalidInput(DELETES_DATA, field="delete_data")
    attributes.setdefault("applied", []).append(step.up_revision_id)


def has_rows(connection: Connection) -> bool:
    """Return whether any table has a row."""
    present = set(inspect(connection).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in present]
    return any(connection.execute(select(1).select_from(table).limit(1)).first() for table in tables)


if context.is_offline_mode():
    raise SystemExit("migrations run against a database: set CLINIC_DATABASE_URL")
if not has_app_context():
    raise SystemExit("migrations run inside the application: use `flask init` or `flask db`")
run_migrations()
