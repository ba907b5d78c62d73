"""JSON endpoints of rooms."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.appointments.api.resources import deactivated, list_filters
from clinic.appointments.schemas.resources import DeactivatedRoomSchema, ResourceQuery, RoomSchema
from clinic.appointments.service import Room, room_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "rooms",
    __name__,
    path="rooms",
    noun="room",
    description="Rooms in which appointments take place",
)


def _get(room_id: UUID) -> Room:
    """Return a room by the argument of its address."""
    return room_service.get(room_id)


handle_stale_version(blueprint, _get, RoomSchema)


@blueprint.get("")
@requires("appointments:read")
@blueprint.problems()
@blueprint.query(ResourceQuery)
@blueprint.response(200, list_schema(RoomSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List rooms by name."""
    filters, texts = list_filters(query)
    return listed(room_service.list(**filters), *texts)


@blueprint.post("")
@requires("schedule:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(RoomSchema)
@blueprint.response(201, RoomSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a room; 409 if another one has that name."""
    room = room_service.create(**fields)
    return created(room, ".show", room_id=room.id)


@blueprint.get("/<uuid:room_id>")
@requires("appointments:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, RoomSchema, headers=RECORD_HEADERS)
def show(room_id: UUID) -> ResponseReturnValue:
    """Return a room."""
    return single(room_service.get(room_id))


@blueprint.patch("/<uuid:room_id>")
@requires("schedule:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(RoomSchema)
@blueprint.response(200, RoomSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], room_id: UUID) -> ResponseReturnValue:
    """Update a room; what is booked stays as it is."""
    version = expected_version(_get)
    return single(room_service.update(room_id, version=version, **fields))


@blueprint.post("/<uuid:room_id>/deactivate")
@requires("schedule:write")
@blueprint.action(DeactivatedRoomSchema, body=NothingSchema)
def deactivate(_nothing: dict[str, Any], room_id: UUID) -> ResponseReturnValue:
    """Deactivate a room for new appointments; what is still booked stays, and is listed."""
    version = optional_version(_get)
    room = room_service.deactivate(room_id, version=version)
    return deactivated(room, room_service.upcoming(room_id), DeactivatedRoomSchema)


@blueprint.post("/<uuid:room_id>/reactivate")
@requires("schedule:write")
@blueprint.action(RoomSchema, body=NothingSchema)
def reactivate(_nothing: dict[str, Any], room_id: UUID) -> ResponseReturnValue:
    """Make a room bookable again."""
    version = optional_version(_get)
    return single(room_service.reactivate(room_id, version=version))
