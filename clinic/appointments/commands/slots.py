"""The command `flask appointments slots`."""

from collections.abc import Sequence
from typing import Any

import click

from clinic.appointments.commands.appointments import group
from clinic.appointments.commands.booking_options import as_json, room_option, service_option
from clinic.appointments.schemas.availability import AvailabilityQuery, RefusedSchema, SlotSchema
from clinic.appointments.service import availability_service, practitioner_service, room_service, service_catalogue
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_rows, with_header

COLUMNS = ["starts_at", "ends_at", "practitioner_id", "room_id"]


@group.command("slots", needs="appointments:read")
@click.option("--from", "first", metavar="DAY", help="First day, YYYY-MM-DD; today unless given.")
@click.option("--to", "last", metavar="DAY", help="Last day; six days later unless given, at most 31 days.")
@service_option
@click.option("--practitioner", "practitioners", multiple=True, metavar="NAME", help="Name or id; repeatable.")
@room_option
@click.option(
    "--patient", metavar="TEXT", help="Number, id or what finds only one, whose own appointments are excluded."
)
@click.option("--length", metavar="MINUTES", help="By default the service's first length, or 30.")
@click.option("--explain", is_flag=True, help="List instead the times that are not free, each with its reason.")
@as_json
@with_header
def slots(explain: bool, as_json: bool, **options: Any) -> None:
    """List the free times, each with its practitioner and room."""
    found = availability_service.find(**load_options(AvailabilityQuery(), _query(explain=explain, **options)))
    if explain:
        rows = RefusedSchema(many=True).dump(found.refused)
        show_rows(rows, ["starts_at", "reason", "practitioner_id", "appointment_id"], as_json=as_json)
    else:
        show_rows(SlotSchema(many=True).dump(found.slots), COLUMNS, as_json=as_json)


def _query(
    *,
    first: str | None,
    last: str | None,
    service: str | None,
    practitioners: Sequence[str],
    room: str | None,
    patient: str | None,
    length: str | None,
    explain: bool,
) -> dict[str, str | None]:
    """Return the options as the query of the JSON endpoint; records are named by id.

    :raises NotFound: if there is no service, practitioner, room or patient of that name
    """
    ids = [str(practitioner_service.identify(name).id) for name in practitioners]
    return {
        "from": first,
        "to": last,
        "service_id": str(service_catalogue.identify(service).id) if service else None,
        "practitioner_id": ",".join(ids) or None,
        "room_id": str(room_service.identify(room).id) if room else None,
        "patient_id": str(patient_service.choose(patient).id) if patient else None,
        "length": length,
        "explain": str(explain).lower(),
    }
