"""`flask init`: migrates the database and sets up a clinic."""

import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask import current_app
from flask.cli import with_appcontext
from marshmallow import Schema, ValidationError

from clinic.core.db import db
from clinic.core.money import is_currency
from clinic.core.tenancy import clinic_scope
from clinic.core.text import tidy_line
from clinic.identity.accounts import SECRET_HOURS
from clinic.identity.clinics import clinic_service
from clinic.identity.operator_actions import operator_service
from clinic.web.cli import load_options, output_secret
from clinic.web.cli_errors import USAGE, Command, fail, handle_errors
from clinic.web.cli_output import info
from clinic.web.fields import Email, Line
from clinic.web.place_fields import Country, LocaleName, Zone

NEXT = "Next: gunicorn --workers 2 --threads 8 --preload --forwarded-allow-ips= wsgi:app, and flask worker beside it"


def _check_currency(code: str) -> None:
    if not is_currency(code):
        raise ValidationError("Enter a currency code of ISO 4217, like EUR")


class SetupSchema(Schema):
    """The options of `flask init`."""

    name = Line(data_key="clinic", required=True, what="the clinic's name")
    zone = Zone(required=True)
    country = Country()
    currency = Line(required=True, validate=_check_currency)
    locale = LocaleName(required=True)
    admin = Email()


def migration_config() -> Config:
    """Return Alembic's configuration of this application's database; a file that does not exist yet is created."""
    config = Config()
    config.set_main_option("script_location", str(current_app.extensions["migrate"].directory))
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return config


def upgrade_database(revision: str = "head") -> Sequence[str]:
    """Upgrade the database to a revision, making it if it is not there; return the revisions that were applied."""
    config = migration_config()
    command.upgrade(config, revision)
    db.engine.dispose()
    applied: Sequence[str] = config.attributes.get("applied", [])
    return applied


@click.command("init", cls=Command)
@click.option("--clinic", "name", metavar="NAME", help="The clinic's name.")
@click.option("--zone", metavar="ZONE", help="Its time zone, like Europe/Lisbon.")
@click.option("--country", metavar="CODE", help="Its country, like PT; by default that of its time zone.")
@click.option("--currency", metavar="CODE", help="Its currency, like EUR.")
@click.option(
    "--locale", metavar="LOCALE", default="en_GB", show_default=True, help="Language and country, like pt_PT."
)
@click.option("--admin", metavar="EMAIL", help="Its administrator: prints a secret for the first sign-in.")
@with_appcontext
def init(
    *, name: str | None, zone: str | None, country: str | None, currency: str | None, locale: str, admin: str | None
) -> None:
    """Set up the database and a clinic; asks for missing options."""
    with handle_errors():
        options = {
            "clinic": name or _ask("Clinic's name"),
            "zone": zone or _ask("Time zone"),
            "country": country,
            "currency": currency or _ask("Currency"),
            "locale": locale,
            "admin": admin,
        }
        fields = load_options(SetupSchema(), options)
        admin = fields.pop("admin", None)
        upgrade_database()
        clinic = clinic_service.create(**fields)
        if clinic.zone != tidy_line(options["zone"] or ""):
            info(f"{options['zone']} is another name of {clinic.zone}, which is stored")
        info(f"{clinic.name} is set up ({clinic.zone}, {clinic.currency}). {NEXT}")
        with clinic_scope(clinic.id):
            _create_administrator(admin, clinic.name)


def _create_administrator(email: str | None, clinic_name: str) -> None:
    """Make a person administrator of the current clinic, or show the command for it."""
    if email is None:
        name = shlex.quote(clinic_name)
        info(f"Nobody can sign in yet: flask staff create-admin EMAIL --clinic {name} makes an administrator")
        return
    _, secret = operator_service.create_admin(email=email)
    if secret is None:
        info(f"{email} is its administrator, and signs in as before")
        return
    output_secret(
        secret,
        lambda: operator_service.withdraw_secret(email),
        f"the secret of {email} was revoked again, flask staff reset-password gives another",
    )
    info(f"{email} signs in with this secret once, within {SECRET_HOURS} hours, and then chooses a password")


def _ask(question: str) -> str:
    """Prompt for a value; without a terminal, fail and show the missing options."""
    if not sys.stdin.isatty():
        fail(USAGE, f"{question} is missing: give --clinic, --zone and --currency")
    return str(click.prompt(question, err=True))
