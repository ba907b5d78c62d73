"""The commands `flask services …`."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from clinic.appointments.commands.resources import active_option, as_json, show_upcoming
from clinic.appointments.rules import COLOURS
from clinic.appointments.schemas.services import ServiceSchema
from clinic.appointments.service import Service, practitioner_service, room_service, service_catalogue
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["name", "lengths", "buffer_before", "buffer_after", "notice_minutes", "horizon_days", "active", "id"]

group = CommandGroup("services", clinic=True, help="Services for which patients come.")

_OPTIONS = [
    click.option("--short-name", help="For the schedule."),
    click.option("--buffer-before", metavar="MINUTES", help="Practitioner and room stay free before it."),
    click.option("--buffer-after", metavar="MINUTES", help="Practitioner and room stay free after it."),
    click.option("--notice-minutes", metavar="MINUTES", help="Bookable until so long before."),
    click.option("--horizon-days", metavar="DAYS", help="Bookable so many days ahead; an empty text is no limit."),
    click.option("--colour", help=f"One of {', '.join(COLOURS)}."),
    click.option(
        "--practitioner", multiple=True, metavar="NAME", help="Who offers it, by name or id; everyone unless given."
    ),
    click.option("--room", multiple=True, metavar="NAME", help="One of these rooms; any or none unless given."),
]


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a service as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@group.command("list", needs="appointments:read")
@active_option
@as_json
@with_header
def list_services(show_all: bool, as_json: bool) -> None:
    """List the services."""
    rows = service_catalogue.all() if show_all else service_catalogue.active()
    show_rows([_dumped(row) for row in rows], COLUMNS, as_json=as_json)


@group.command("add", needs="schedule:write")
@click.option("--name", required=True)
@click.option("--lengths", required=True, metavar="MINUTES", help="One or more, e.g. 30,45; the first is the default.")
@service_options
@as_json
def add(as_json: bool, **options: Any) -> None:
    """Add a service."""
    service = service_catalogue.create(**load_options(ServiceSchema(), _given(options)))
    show_record(_dumped(service), as_json=as_json)


@group.command("edit", needs="schedule:write")
@click.argument("name_or_id")
@click.option("--name")
@click.option("--lengths", metavar="MINUTES", help="One or more, e.g. 30,45; the first is the default.")
@service_options
@click.option("--everyone", is_flag=True, help="Everyone offers it, also people added later.")
@click.option("--any-room", is_flag=True, help="It takes any room, or none.")
@as_json
def edit(name_or_id: str, everyone: bool, any_room: bool, as_json: bool, **options: Any) -> None:
    """Change the given fields of a service; what is booked keeps its length, buffers and room."""
    given = _given(options)
    given |= ({"practitioner_ids": []} if everyone else {}) | ({"room_ids": []} if any_room else {})
    fields = load_options(patch_schema(ServiceSchema), given)
    service = service_catalogue.update(service_catalogue.identify(name_or_id).id, version=None, **fields)
    show_record(_dumped(service), as_json=as_json)


@group.command("retire", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def retire(name_or_id: str, as_json: bool) -> None:
    """Retire a service: nobody books it any more, what is still booked stays."""
    service = service_catalogue.deactivate(service_catalogue.identify(name_or_id).id)
    show_record(_dumped(service), as_json=as_json)
    show_upcoming(service_catalogue.upcoming(service.id))


@group.command("reactivate", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def reactivate(name_or_id: str, as_json: bool) -> None:
    """Make a retired service bookable again."""
    show_record(_dumped(service_catalogue.reactivate(service_catalogue.identify(name_or_id).id)), as_json=as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the given options as fields of a service; practitioners and rooms are named by name or id."""
    given = dict(options)
    practitioners, rooms = given.pop("practitioner"), given.pop("room")
    if practitioners:
        given["practitioner_ids"] = [str(practitioner_service.identify(name).id) for name in practitioners]
    if rooms:
        given["room_ids"] = [str(room_service.identify(name).id) for name in rooms]
    if given["lengths"] is not None:
        given["lengths"] = given["lengths"].replace(",", " ").split()
    return given


def _dumped(service: Service) -> dict[str, Any]:
    dumped: dict[str, Any] = ServiceSchema().dump(service)
    return dumped
