"""Pages of rooms: list, form, deactivation."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.appointments.pages.blueprint import blueprint
from clinic.appointments.pages.resources import conflict_page, deactivation_page, list_context, texts
from clinic.appointments.schemas.resources import RoomSchema
from clinic.appointments.service import NameTaken, Room, room_service
from clinic.core.errors import StaleVersion
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent

LABELS = {"name": "Name", "places": "Places"}


@blueprint.get("/rooms")
@requires("schedule:write")
def rooms() -> ResponseReturnValue:
    """List the rooms."""
    return render_template("appointments/rooms.html", **list_context(room_service.all()))


@blueprint.get("/rooms/new")
@requires("schedule:write")
def new_room() -> ResponseReturnValue:
    """Show the form of a new room."""
    return _room_page(initial_form({"places": "1"}))


@blueprint.post("/rooms/new")
@requires("schedule:write")
@idempotent
def create_room() -> ResponseReturnValue:
    """Add a room from the form."""
    form = load_form(RoomSchema())
    if form.errors:
        return _room_page(form), 422
    try:
        room = room_service.create(**form.data)
    except NameTaken as error:
        return refuse(_room_page(form.reject(error, "name")), error)
    flash(f"Added: {room.name}")
    return redirect(url_for(".rooms"), 303)


@blueprint.get("/rooms/<uuid:room_id>/edit")
@requires("schedule:write")
def edit_room(room_id: UUID) -> ResponseReturnValue:
    """Show the form of a room."""
    room = room_service.get(room_id)
    return _room_page(initial_form(_form_values(room), version=room.version), room)


@blueprint.post("/rooms/<uuid:room_id>/edit")
@requires("schedule:write")
@idempotent
def update_room(room_id: UUID) -> ResponseReturnValue:
    """Change a room as the form says."""
    room, form = room_service.get(room_id), load_form(RoomSchema())
    if form.errors:
        return _room_page(form, room), 422
    try:
        room_service.update(room_id, version=sent_version(), **form.data)
    except NameTaken as error:
        return refuse(_room_page(form.reject(error, "name"), room), error)
    except StaleVersion:
        return _conflict_page(room_service.get(room_id), form), 409
    flash(f"Saved: {form.data['name']}")
    return redirect(url_for(".rooms"), 303)


@blueprint.get("/rooms/<uuid:room_id>/deactivation")
@requires("schedule:write")
def room_deactivation(room_id: UUID) -> ResponseReturnValue:
    """Show what deactivating a room means, and what is still booked in it."""
    return _deactivation_page(room_service.get(room_id))


@blueprint.post("/rooms/<uuid:room_id>/deactivation")
@requires("schedule:write")
@idempotent
def deactivate_room(room_id: UUID) -> ResponseReturnValue:
    """Deactivate a room."""
    try:
        room = room_service.deactivate(room_id, version=sent_version())
    except StaleVersion as error:
        found = room_service.get(room_id)
        return _deactivation_page(found, Form(version=found.version).reject(error)), 409
    flash(f"{room.name} is deactivated")
    return redirect(url_for(".rooms"), 303)


@blueprint.route("/rooms/<uuid:room_id>/reactivation", methods=["GET", "POST"])
@requires("schedule:write")
@posted_from(".edit_room", "room_id")
@idempotent
def reactivate_room(room_id: UUID) -> ResponseReturnValue:
    """Make a room bookable again."""
    room = room_service.reactivate(room_id)
    flash(f"{room.name} is active again")
    return redirect(url_for(".rooms"), 303)


def _room_page(form: Form, room: Room | None = None) -> str:
    upcoming = room and room_service.upcoming(room.id, limit=0)
    return render_template("appointments/room.html", form=form, record=room, upcoming=upcoming)


def _deactivation_page(room: Room, form: Form | None = None) -> str:
    return deactivation_page("appointments/room_deactivation.html", room, room_service.upcoming(room.id), form)


def _conflict_page(room: Room, form: Form) -> str:
    """Return both versions of a room that somebody else has changed."""
    differences = field_differences(LABELS, texts(form.data, LABELS), _form_values(room))
    return conflict_page("appointments/room_conflict.html", room, differences, "rooms")


def _form_values(room: Room) -> dict[str, str]:
    return {name: str(getattr(room, name)) for name in LABELS}
