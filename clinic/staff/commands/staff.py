"""`flask staff`: clinics and their staff members."""

import click

from clinic.identity.accounts import SECRET_HOURS
from clinic.identity.clinics import clinic_service
from clinic.identity.members import member_service
from clinic.identity.operator_actions import operator_service
from clinic.staff.schemas import AdministratorForm, ClinicPatch, ClinicSchema, StaffMemberSchema, ZoneNoticeSchema
from clinic.web.cli import OPERATOR, CommandGroup, load_options, output_secret, show_record, show_rows, with_header
from clinic.web.cli_output import info
from clinic.web.merge_patch import patch_schema

COLUMNS = ["name", "email", "role", "active", "denied", "last_seen_at", "second_step", "id"]

NOTICE_COLUMNS = ["text", "blocks", "record", "id"]

group = CommandGroup("staff", clinic=True, help="Clinics and their staff members.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("clinics", clinic=False)
@as_json
@with_header
def clinics(as_json: bool) -> None:
    """List the clinics of this installation."""
    rows = ClinicSchema(many=True).dump(clinic_service.list())
    show_rows(rows, ["id", "name", "time_zone", "currency", "locale"], as_json=as_json)


@group.command("configure", needs="clinic:write")
@click.option("--late-cancel-hours", metavar="HOURS", help="A cancellation is late this many hours before the start.")
@click.option("--desk-overbooks", type=click.Choice(["yes", "no"]), help="Whether receptionists can overbook.")
@click.option(
    "--subdivision", metavar="CODE", help="Region of ISO 3166-2 for public holidays, e.g. 11; empty for none."
)
@click.option("--address", metavar="LINES", help="Postal address without the country, in messages; empty for none.")
@click.option("--phone", metavar="NUMBER", help="Phone that patients call, with its country code; empty for none.")
@click.option("--email", metavar="EMAIL", help="Email that patients write to; empty for none.")
@click.option("--zone", "time_zone", metavar="ZONE", help="Its time zone; what is to come keeps its local time.")
@click.option("--dry-run", is_flag=True, help="Only show what another time zone changes.")
@as_json
def configure(desk_overbooks: str | None, dry_run: bool, as_json: bool, **options: str | None) -> None:
    """Change the given settings of a clinic, and show them all."""
    ticked = desk_overbooks and ("1" if desk_overbooks == "yes" else "")
    fields = load_options(patch_schema(ClinicPatch), options | {"desk_overbooks": ticked})
    change = clinic_service.preview_zone(fields["zone"]) if "zone" in fields else None
    if dry_run:
        show_rows(ZoneNoticeSchema(many=True).dump(change.listed if change else ()), NOTICE_COLUMNS, as_json=as_json)
    else:
        clinic = clinic_service.update(version=None, **fields) if fields else clinic_service.current()
        show_record(ClinicSchema().dump(clinic), as_json=as_json)
    if change and change.parts:
        info(f"{change.text}{'. Nothing was changed' if dry_run else ''}")


@group.command("list", needs="staff:read")
@as_json
@with_header
def list_staff(as_json: bool) -> None:
    """List the staff members of a clinic, the deactivated ones last."""
    show_rows(StaffMemberSchema(many=True).dump(member_service.list()), COLUMNS, as_json=as_json)


@group.command("create-admin", needs=OPERATOR)
@click.argument("email")
@click.option("--name", help="The name to show; by default the part before the @.")
def create_admin(email: str, name: str | None) -> None:
    """Make the person with an EMAIL address administrator; prints a one-time secret for a new account."""
    member, secret = operator_service.create_admin(**load_options(AdministratorForm(), {"email": email, "name": name}))
    show_secret(member.email, secret)


@group.command("deactivate", needs="staff:write")
@click.argument("email")
def deactivate(email: str) -> None:
    """Deactivate the staff member with an EMAIL address in a clinic, at once."""
    found, clinic_name = member_service.get_by_email(email), clinic_service.current().name
    address = found.member.email
    member_service.deactivate(found.membership.id)
    info(f"{address} has no access to {clinic_name} any more")


@group.command("reset-password", needs=OPERATOR)
@click.argument("email")
@click.option("--end-second-step", is_flag=True, help="Also turn off two-step verification.")
def reset_password(email: str, end_second_step: bool) -> None:
    """Print a one-time secret for the staff member with an EMAIL address; the password and all sessions end."""
    secret = operator_service.reset_password(email, end_second_step=end_second_step)
    show_secret(email, secret)


def show_secret(email: str, secret: str | None) -> None:
    """Print a one-time secret on stdout, and what to do with it on stderr."""
    if secret is None:
        info(f"{email} is administrator now, and signs in as before: flask staff reset-password gives a new secret")
        return
    output_secret(
        secret,
        lambda: operator_service.withdraw_secret(email),
        f"the secret of {email} was revoked again, flask staff reset-password gives another",
    )
    info(f"{email} signs in with this secret once, within {SECRET_HOURS} hours, and then chooses a password")
