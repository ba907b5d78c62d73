"""`flask api-keys`: the API keys of a clinic."""

from typing import Any

import click

from clinic.core.clock import day_bounds
from clinic.identity.api_keys import api_key_service
from clinic.identity.clinics import clinic_service
from clinic.staff.schemas import KeyForm, KeySchema
from clinic.web.cli import CommandGroup, load_options, output_secret, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["label", "beginning", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "id"]

group = CommandGroup("api-keys", clinic=True, help="The API keys of a clinic.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("create", needs="keys:write")
@click.option("--name", "--label", "label", required=True, metavar="LABEL", help="What the key is for.")
@click.option("--scopes", required=True, metavar="all|SCOPE,…", help="Its permissions: all, or patients:read,…")
@click.option(
    "--expires",
    "--expires-on",
    "expires_on",
    metavar="DAY",
    help="The last day on which it is valid: 2027-06-30.",
)
def create(**options: Any) -> None:
    """Create a key and print it; it is not shown again."""
    scopes = [scope.strip() for scope in options.pop("scopes").split(",")]
    given = load_options(KeyForm(), {**options, "scopes": scopes})
    last_day = given.pop("expires_on", None)
    expires_at = day_bounds(last_day, clinic_service.current().zone)[1] if last_day else None
    record, key = api_key_service.create(**given, expires_at=expires_at)
    output_secret(key, lambda: api_key_service.revoke(record.id), "the key was revoked again")
    info(f"Store it safely: it is not shown again. Its id is {record.id}")


@group.command("list", needs="keys:write")
@as_json
@with_header
def list_keys(as_json: bool) -> None:
    """List a clinic's keys, the newest first."""
    show_rows(KeySchema(many=True).dump(api_key_service.list()), COLUMNS, as_json=as_json)


@group.command("revoke", needs="keys:write")
@click.argument("name", metavar="LABEL|ID")
def revoke(name: str) -> None:
    """Revoke a key."""
    record = api_key_service.revoke(api_key_service.identify(name).id)
    info(f"The key {record.label} is revoked")
