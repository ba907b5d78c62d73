"""Commands that span modules: set-up, demo, worker, inspection."""

from flask import Flask
from flask_migrate.cli import db as db_group

from clinic.operations import demo, events, migrate, modules, setup, worker
from clinic.web.cli import accept_short_help


def init_app(app: Flask) -> None:
    """Add the operators' commands to an application."""
    app.cli.add_command(setup.init)
    app.cli.add_command(demo.demo)
    app.cli.add_command(demo.demo_data)
    app.cli.add_command(worker.worker)
    app.cli.add_command(modules.modules)
    app.cli.add_command(events.group)
    db_group.add_command(migrate.upgrade)  # instead of Flask-Migrate's own
    db_group.add_command(migrate.downgrade)
    accept_short_help(app.cli.commands.values())
