"""Changes of the state, the time or the place of an appointment, inside an open unit of work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from clinic.appointments.booking.conflicts import AppointmentNotCancellable, IllegalTransition
from clinic.appointments.booking.history import last_move
from clinic.appointments.booking.lanes import Position, promote_beside
from clinic.appointments.booking.placing import Placement, Request, find_former_placement
from clinic.appointments.models import Appointment, Room, Service
from clinic.appointments.rules import ACTIVE, is_allowed
from clinic.core.clock import wall_time
from clinic.core.db import db
from clinic.identity.actor_names import actor_names
from clinic.identity.clinics import clinic_service

MOVED = ("practitioner_id", "starts_at", "ends_at", "service_id", "room_id", "overbook_reason", "confirmed_at")
"""The columns that a move changes, and the undoing of it restores; the others follow from them."""

_PARTICIPLES = {
    "arrive": "marked as arrived",
    "check-in": "called in",
    "fulfil": "marked as done",
    "no-show": "marked as missed",
    "cancel": "cancelled",
    "reschedule": "moved",
}


def check_transition(appointment: Appointment, to_status: str, action: str) -> None:
    """Check that an action can change an appointment to a state.

    :raises IllegalTransition: if it can't
    """
    if not is_allowed(appointment.status, to_status, action):
        raise illegal(appointment, f"it can't be {_PARTICIPLES[action]}")


def illegal(appointment: Appointment, message: str) -> IllegalTransition:
    """Return the error of an action that is not possible, with who changed the appointment last."""
    kind = AppointmentNotCancellable if message.endswith("cancelled") else IllegalTransition
    move = last_move(appointment.id)
    by = actor_names([move.actor])[move.actor] if move else None
    text = f"This appointment is {appointment.status}: {message}"
    return kind(text, state=appointment.status, by=by, at=move.recorded_at if move else None)


def set_status(appointment: Appointment, status: str, **columns: Any) -> None:
    """Change the state of an appointment, other columns with it, and what it occupies.

    :raises SlotTaken: if it becomes active, and its time is taken
    """
    was_active, position = appointment.is_active, Position.of(appointment)
    if status in ACTIVE and not was_active:
        _occupy_again(appointment)
    appointment.status = status
    for name, value in columns.items():
        setattr(appointment, name, value)
    db.session.flush()
    if was_active and status not in ACTIVE:
        promote_beside(position)


def move_back(appointment: Appointment, before: dict[str, Any]) -> None:
    """Set the columns of a snapshot again.

    :raises SlotTaken: if the time of then is taken
    """
    position, values = Position.of(appointment), {name: _from_json(name, value) for name, value in before.items()}
    request, overbook_reason = request_of(appointment, **values), values["overbook_reason"]
    placement = find_former_placement(request, was_overbooked=overbook_reason is not None)
    occupy(appointment, request, placement, overbook_reason)
    appointment.confirmed_at = values.get("confirmed_at")
    db.session.flush()
    promote_beside(position)


def request_of(appointment: Appointment, **values: Any) -> Request:
    """Return an appointment as it is placed in its own room, if it has one, or with other values of some columns."""

    def value(name: str) -> Any:
        return values.get(name, getattr(appointment, name))

    return Request(
        appointment.patient_id,
        value("practitioner_id"),
        value("starts_at"),
        value("ends_at"),
        service=value("service_id") and db.session.get_one(Service, value("service_id")),
        rooms=[db.session.get_one(Room, value("room_id"))] if value("room_id") else [],
        ignore=appointment.id,
    )


def _occupy_again(appointment: Appointment) -> None:
    request, overbook_reason = request_of(appointment), appointment.overbook_reason
    placement = find_former_placement(request, was_overbooked=overbook_reason is not None)
    occupy(appointment, request, placement, overbook_reason)


def occupy(appointment: Appointment, request: Request, placement: Placement, overbook_reason: str | None) -> None:
    """Set the time and place of an appointment, all at once: the database checks them together."""
    zone = clinic_service.current().zone
    values = {
        "practitioner_id": request.practitioner_id,
        "starts_at": request.starts_at,
        "ends_at": request.ends_at,
        "service_id": request.service and request.service.id,
        "room_id": placement.room_id,
        "place": placement.place,
        "lane": placement.lane,
        "blocked_from": request.blocked[0],
        "blocked_until": request.blocked[1],
        "wall_start": wall_time(request.starts_at, zone),
        "zone": zone,
        "overbook_reason": overbook_reason,
    }
    for name, value in values.items():
        setattr(appointment, name, value)


def snapshot(appointment: Appointment) -> dict[str, Any]:
    """Return the columns that a move changes, as JSON values."""
    return {name: _as_json(getattr(appointment, name)) for name in MOVED}


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _from_json(name: str, value: Any) -> Any:
    if value is None or name == "overbook_reason":
        return value
    return datetime.fromisoformat(value) if name.endswith("_at") else UUID(value)
