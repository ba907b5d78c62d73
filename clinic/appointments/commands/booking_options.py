"""Options that commands about appointments share, and how they are read."""

from collections.abc import Mapping
from typing import Any

import click
from marshmallow import Schema, ValidationError

from clinic.appointments.schemas.appointments import AppointmentSchema
from clinic.appointments.service import Appointment, practitioner_service, room_service, service_catalogue
from clinic.web.cli import load_options

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
service_option = click.option("--service", metavar="NAME", help="Name or id.")
room_option = click.option("--room", metavar="NAME", help="Name or id; by default one of the service's rooms.")
overbook_option = click.option(
    "--overbook", metavar="REASON", help="Book outside hours, in the past or over another appointment."
)


def with_ids(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the schemas name them: ids instead of names, a day and a time instead of `starts`.

    A service without minutes gets its first length.

    :raises NotFound: if there is no practitioner, service or room of that name
    """
    found = {name: value for name, value in options.items() if value is not None}
    if name := found.pop("practitioner", None):
        found["practitioner_id"] = str(practitioner_service.identify(name).id)
    if name := found.pop("room", None):
        found["room_id"] = str(room_service.identify(name).id)
    if name := found.pop("service", None):
        service = service_catalogue.identify(name)
        found = {"minutes": str(service.lengths[0])} | found | {"service_id": str(service.id)}
    if "overbook" in found:
        found["overbook_reason"] = found.pop("overbook")
    if "starts" in found:
        found["day"], _, found["time"] = found.pop("starts").replace("T", " ").partition(" ")
    return found


def load_start(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Load options; the single option `--starts` contains a day and a time.

    :raises ValidationError: with all errors
    """
    try:
        return load_options(schema, given)
    except ValidationError as error:
        problems = dict(error.messages) if isinstance(error.messages, dict) else {}
        starts = [*problems.pop("day", []), *problems.pop("time", [])]
        raise ValidationError(problems | ({"starts": starts} if starts else {})) from error


def dumped(appointment: Appointment) -> dict[str, Any]:
    """Return an appointment as JSON shows it."""
    shown: dict[str, Any] = AppointmentSchema().dump(appointment)
    return shown
