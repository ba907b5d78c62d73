"""The commands `flask rooms …`."""

from typing import Any

import click

from clinic.appointments.commands.resources import active_option, as_json, show_upcoming
from clinic.appointments.schemas.resources import RoomSchema
from clinic.appointments.service import Room, room_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["name", "places", "active", "id"]

group = CommandGroup("rooms", clinic=True, help="Rooms in which appointments take place.")
places = click.option("--places", metavar="NUMBER", help="How many appointments can take place at once.")


@group.command("list", needs="appointments:read")
@active_option
@as_json
@with_header
def list_rooms(show_all: bool, as_json: bool) -> None:
    """List the rooms."""
    rows = room_service.all() if show_all else room_service.active()
    show_rows([_dumped(row) for row in rows], COLUMNS, as_json=as_json)


@group.command("add", needs="schedule:write")
@click.option("--name", required=True)
@places
@as_json
def add(as_json: bool, **options: str | None) -> None:
    """Add a room."""
    show_record(_dumped(room_service.create(**load_options(RoomSchema(), options))), as_json=as_json)


@group.command("edit", needs="schedule:write")
@click.argument("name_or_id")
@click.option("--name")
@places
@as_json
def edit(name_or_id: str, as_json: bool, **options: str | None) -> None:
    """Change the given fields of a room."""
    fields = load_options(patch_schema(RoomSchema), options)
    room = room_service.update(room_service.identify(name_or_id).id, version=None, **fields)
    show_record(_dumped(room), as_json=as_json)


@group.command("deactivate", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def deactivate(name_or_id: str, as_json: bool) -> None:
    """Deactivate a room for new appointments; what is still booked stays."""
    room = room_service.deactivate(room_service.identify(name_or_id).id)
    show_record(_dumped(room), as_json=as_json)
    show_upcoming(room_service.upcoming(room.id))


@group.command("reactivate", needs="schedule:write")
@click.argument("name_or_id")
@as_json
def reactivate(name_or_id: str, as_json: bool) -> None:
    """Make a room bookable again."""
    show_record(_dumped(room_service.reactivate(room_service.identify(name_or_id).id)), as_json=as_json)


def _dumped(room: Room) -> dict[str, Any]:
    dumped: dict[str, Any] = RoomSchema().dump(room)
    return dumped
