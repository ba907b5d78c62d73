"""`flask db upgrade` and `flask db downgrade`: one at a time, and with a message of what was done."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic import command
from alembic.util import CommandError
from flask.cli import with_appcontext

from clinic.core.db import db
from clinic.operations.setup import migration_config, upgrade_database
from clinic.web.cli_errors import USAGE, Command, fail, handle_errors
from clinic.web.cli_output import info


@click.command("upgrade", cls=Command)
@click.argument("revision", default="head")
@with_appcontext
def upgrade(revision: str) -> None:
    """Upgrade the database to a REVISION, by default the newest; while another upgrade runs, wait for it."""
    with handle_errors(), _revision_errors():
        applied = upgrade_database(revision)
        info(f"Upgraded: {', '.join(applied)}" if applied else "Nothing to upgrade")


@click.command("downgrade", cls=Command)
@click.argument("revision", default="-1")
@click.option("--delete-data", is_flag=True, help="Delete what the newer version has stored.")
@with_appcontext
def downgrade(revision: str, delete_data: bool) -> None:
    """Downgrade the database to a REVISION, by default the one before; refused if there are data."""
    with handle_errors(), _revision_errors():
        config = migration_config()
        config.attributes["delete_data"] = delete_data
        command.downgrade(config, revision)
        db.engine.dispose()
        info(f"Downgraded: {', '.join(config.attributes.get('applied', [])) or 'nothing'}")


@contextmanager
def _revision_errors() -> Iterator[None]:
    """Report an unknown revision, maybe the database's own if it is newer than the program, as wrong input."""
    try:
        yield
    except CommandError as error:
        fail(USAGE, str(error))
