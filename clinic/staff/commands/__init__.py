"""`flask staff …`."""

import click

from clinic.core.terminal import CommandGroup, show_rows
from clinic.staff.schemas import ClinicSchema
from clinic.staff.service import clinic_service

group = CommandGroup("staff", help="Clinics, and who works in them.")


@group.command("clinics")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def clinics(as_json: bool) -> None:
    """List the clinics of this installation."""
    rows = ClinicSchema(many=True).dump(clinic_service.list())
    show_rows(rows, ["id", "name", "time_zone", "currency", "locale"], as_json=as_json)
