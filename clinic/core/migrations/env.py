"""The environment of Alembic: its connection and the metadata of the models."""

from alembic import context
from flask import has_app_context

from clinic.core.db import Base, db
from clinic.core.db.engine import WRITING


def run_migrations() -> None:
    """Run the pending migrations in one transaction."""
    with db.engine.connect().execution_options(**WRITING) as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_type=True, transactional_ddl=True
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations run against a database: set CLINIC_DATABASE_URL")
if not has_app_context():
    raise SystemExit("migrations run inside the application: use `flask init` or `flask db`")
run_migrations()
