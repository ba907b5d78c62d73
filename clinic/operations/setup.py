"""`flask init`: the database by migrations, and the first clinic."""

import logging
import sys
from pathlib import Path
from typing import Any

import click
from alembic import command
from alembic.config import Config
from flask import current_app
from flask.cli import with_appcontext
from marshmallow import ValidationError

from clinic.core.database import db
from clinic.core.terminal import USAGE, answered, fail, load_options, say
from clinic.staff.schemas import ClinicSchema
from clinic.staff.service import clinic_service

QUESTIONS = {"name": "Clinic's name", "time_zone": "Time zone", "currency": "Currency"}


def upgrade_database() -> None:
    """Bring the database to the newest migration, making it if it is not there."""
    folder = str(current_app.extensions["migrate"].directory)
    config = Config()
    config.set_main_option("script_location", folder)
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, "head")
    db.engine.dispose()


@click.command("init")
@click.option("--clinic", "name", metavar="NAME", help="The clinic's name.")
@click.option("--zone", "time_zone", metavar="ZONE", help="Its time zone, like Europe/Lisbon.")
@click.option("--currency", metavar="CODE", help="Its currency, like EUR.")
@click.option(
    "--locale", metavar="LOCALE", default="en_GB", show_default=True, help="Language and country, like pt_PT."
)
@with_appcontext
def init(locale: str, **options: str | None) -> None:
    """Set up the database and a clinic; asks for what is not given."""
    with answered():
        asked = {name: options[name] or _ask(question) for name, question in QUESTIONS.items()}
        fields: dict[str, Any] = _checked({**asked, "locale": locale})
        upgrade_database()
        clinic = clinic_service.create(**fields)
        say(f"{clinic.name} is set up ({clinic.zone}, {clinic.currency}). Next: flask run, and flask worker beside it")


def _ask(question: str) -> str:
    """Ask a person; without one, say which option is missing."""
    if not sys.stdin.isatty():
        fail(USAGE, f"{question} is missing: give --clinic, --zone and --currency")
    return str(click.prompt(question, err=True))


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    names = {"time_zone": "zone", "name": "clinic"}
    try:
        return load_options(ClinicSchema(), options)
    except ValidationError as error:
        messages = error.messages if isinstance(error.messages, dict) else {}
        raise ValidationError({names.get(name, name): words for name, words in messages.items()}) from error
