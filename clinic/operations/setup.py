"""`flask init`: the database by migrations, and the first clinic."""

import logging
import shlex
import sys
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask import current_app
from flask.cli import with_appcontext

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.core.text import nfc
from clinic.identity.accounts import SECRET_HOURS, email_problem
from clinic.identity.clinics import ClinicFields, clinic_service
from clinic.identity.operator_actions import operator_service
from clinic.web.cli import USAGE, fail, handle_errors, info

NEXT = "Next: gunicorn --threads 8 --forwarded-allow-ips= wsgi:app, and flask worker beside it"


def upgrade_database() -> None:
    """Bring the database to the newest migration, making it if it is not there."""
    folder = str(current_app.extensions["migrate"].directory)
    config = Config()
    config.set_main_option("script_location", folder)
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, "head")
    db.engine.dispose()


@click.command("init")
@click.option("--clinic", "name", metavar="NAME", help="The clinic's name.")
@click.option("--zone", metavar="ZONE", help="Its time zone, like Europe/Lisbon.")
@click.option("--currency", metavar="CODE", help="Its currency, like EUR.")
@click.option(
    "--locale", metavar="LOCALE", default="en_GB", show_default=True, help="Language and country, like pt_PT."
)
@click.option("--admin", metavar="EMAIL", help="Who runs it: prints the secret with which they sign in once.")
@with_appcontext
def init(name: str | None, zone: str | None, currency: str | None, locale: str, admin: str | None) -> None:
    """Set up the database and a clinic; asks for what is not given."""
    with handle_errors():
        fields = ClinicFields(
            name=nfc(name or _ask("Clinic's name")).strip(),
            zone=zone or _ask("Time zone"),
            currency=currency or _ask("Currency"),
            locale=locale,
        )
        clinic_service.check(**fields)
        if admin and (problem := email_problem(admin)):
            fail(USAGE, f"--admin: {problem}")
        upgrade_database()
        clinic = clinic_service.create(**fields)
        info(f"{clinic.name} is set up ({clinic.zone}, {clinic.currency}). {NEXT}")
        with clinic_scope(clinic.id):
            _name_administrator(admin)


def _name_administrator(email: str | None) -> None:
    """Let somebody run the clinic in force, or say how that is done later."""
    if email is None:
        name = shlex.quote(clinic_service.current().name)
        info(f"Nobody can sign in yet: flask staff create-admin EMAIL --clinic {name} makes an administrator")
        return
    _, secret = operator_service.create_admin(email=email)
    if secret is None:
        info(f"{email} is its administrator, and signs in as before")
        return
    click.echo(secret)
    info(f"{email} signs in with this secret once, within {SECRET_HOURS} hours, and then chooses a password")


def _ask(question: str) -> str:
    """Ask a person; without one, say which options are needed."""
    if not sys.stdin.isatty():
        fail(USAGE, f"{question} is missing: give --clinic, --zone and --currency")
    return str(click.prompt(question, err=True))
