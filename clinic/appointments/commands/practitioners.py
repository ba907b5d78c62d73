"""The commands `flask practitioners …`."""

from typing import Any

import click

from clinic.appointments.commands.resources import active_option, as_json, show_upcoming
from clinic.appointments.schemas.resources import PractitionerSchema
from clinic.appointments.service import Practitioner, practitioner_service
from clinic.identity.members import member_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["name", "speciality", "active", "id"]

group = CommandGroup("practitioners", clinic=True, help="Practitioners with whom appointments are booked.")


@group.command("list", needs="appointments:read")
@active_option
@as_json
@with_header
def list_practitioners(show_all: bool, as_json: bool) -> None:
    """List the practitioners."""
    rows = practitioner_service.all() if show_all else practitioner_service.active()
    show_rows([_dumped(row) for row in rows], COLUMNS, as_json=as_json)


@group.command("add", needs="schedule:write")
@click.option("--name", required=True)
@click.option("--speciality")
@click.option("--member", metavar="EMAIL", help="The staff member who is this person.")
@as_json
def add(member: str | None, as_json: bool, **options: str | None) -> None:
    """Add a practitioner."""
    practitioner = practitioner_service.create(**_loaded(options, member))
    show_record(_dumped(practitioner), as_json=as_json)
    info(f"Added {practitioner.name}. Next: flask appointments book --practitioner {practitioner.id} …")


@group.command("edit", needs="schedule:write")
@click.argument("name_or_id")
@click.option("--name")
@click.option("--speciality", help="An empty text removes it.")
@click.option("--member", metavar="EMAIL", help="The staff member who is this person; an empty text ends the link.")
@as_json
def edit(name_or_id: str, member: str | None, as_json: bool, **options: str | None) -> None:
    """Change the given fields of a practitioner."""
    found = practitioner_service.identify(name_or_id)
    practitioner = practitioner_service.update(found.id, version=None, **_loaded(options, member, partial=True))
    show_record(_dumped(practitioner), as_json=as_json)


@group.command("deactivate", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def deactivate(name_or_id: str, as_json: bool) -> None:
    """Deactivate a practitioner for new appointments; what is still booked stays."""
    practitioner = practitioner_service.deactivate(practitioner_service.identify(name_or_id).id)
    show_record(_dumped(practitioner), as_json=as_json)
    show_upcoming(practitioner_service.upcoming(practitioner.id))


@group.command("reactivate", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def reactivate(name_or_id: str, as_json: bool) -> None:
    """Make a practitioner bookable again."""
    practitioner = practitioner_service.reactivate(practitioner_service.identify(name_or_id).id)
    show_record(_dumped(practitioner), as_json=as_json)


def _loaded(options: dict[str, str | None], email: str | None, *, partial: bool = False) -> dict[str, Any]:
    """Return the fields of a practitioner; the staff member is named by their email address."""
    linked = email and str(member_service.get_by_email(email).member.id)
    return load_options(PractitionerSchema(partial=partial), options | {"member_id": linked})


def _dumped(practitioner: Practitioner) -> dict[str, Any]:
    dumped: dict[str, Any] = PractitionerSchema().dump(practitioner)
    return dumped
