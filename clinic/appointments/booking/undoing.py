"""Taking back the last move of an appointment, inside an open unit of work."""

from collections.abc import Callable
from uuid import UUID

from clinic.appointments.booking.changes import illegal, move_back, set_status
from clinic.appointments.booking.events import (
    APPOINTMENT_CANCELLED,
    APPOINTMENT_RESCHEDULED,
    APPOINTMENT_RESTORED,
    publish,
)
from clinic.appointments.booking.history import UNDONE, list_moves, record_move, standing_moves
from clinic.appointments.booking.locks import lock_with_resources
from clinic.appointments.booking.requirements import check_patient
from clinic.appointments.models import Appointment, AppointmentHistory
from clinic.appointments.rules import CANCELLED, ENTERED_IN_ERROR, UNDO, UNDO_GRACE, ZONE_CHANGE, undone_status
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import StaleVersion
from clinic.patients.service import InactivePatient

OTHER_ZONE = "the clinic's time zone has been changed since it was moved, so that this can't be undone: move it"
NOTHING = "there is nothing to undo"
TOO_LATE = f"it is more than {UNDO_GRACE.seconds // 60} minutes ago, too late to undo"
_NOT_CANCELLED = {"cancel_reason": None, "cancel_note": None, "late": False}


def undo(appointment_id: UUID, version: int | None) -> Appointment:
    """Take back the last move of an appointment that has not been undone; see `AppointmentService.undo`."""
    move = _last_standing(appointment_id)
    appointment = lock_with_resources(appointment_id, version, **_former_resources(move))
    if _last_standing(appointment_id) != move:
        raise StaleVersion
    if move is not None and move.to_status != appointment.status:
        move = None
    from_status = appointment.status
    _take_back(appointment, move)
    record_move(appointment, UNDO, from_status, before={UNDONE: move and str(move.id)})
    return appointment


def restore(appointment: Appointment, move_to_new_time: Callable[[], None]) -> None:
    """Take back the recent cancellation of a locked appointment while it moves to another time, in one change.

    Its former time may have been given away: the database never sees the appointment there again.

    :raises IllegalTransition: if it is not cancelled, or was longer than ten minutes ago
    """
    move = _last_standing(appointment.id)
    if appointment.status != CANCELLED or move is None or move.action != "cancel":
        raise illegal(appointment, NOTHING)
    if not _is_recent(move):
        raise illegal(appointment, TOO_LATE)
    with db.session.no_autoflush:
        appointment.status = undone_status(CANCELLED) or CANCELLED
        for name, value in _NOT_CANCELLED.items():
            setattr(appointment, name, value)
        record_move(appointment, UNDO, CANCELLED, before={UNDONE: str(move.id)})
        publish(APPOINTMENT_RESTORED, appointment)
        move_to_new_time()


def _take_back(appointment: Appointment, move: AppointmentHistory | None) -> None:
    if move is not None and move.action == "reschedule":
        _move_back(appointment, move)
    elif move is not None and move.from_status is None and _is_recent(move):
        _enter_in_error(appointment, move)
    else:
        _set_back(appointment, move)


def _check_patient(appointment: Appointment) -> None:
    """Check that the patient can have the visit again that an undo restores."""
    try:
        check_patient(appointment.patient_id, appointment.starts_at)
    except InactivePatient as error:
        raise illegal(appointment, error.message) from error


def _move_back(appointment: Appointment, move: AppointmentHistory) -> None:
    if not _is_recent(move):
        raise illegal(appointment, TOO_LATE)
    if any(later.action == ZONE_CHANGE and later.id > move.id for later in list_moves(appointment.id)):
        raise illegal(appointment, OTHER_ZONE)
    _check_patient(appointment)
    move_back(appointment, move.before or {})
    publish(APPOINTMENT_RESCHEDULED, appointment)


def _enter_in_error(appointment: Appointment, move: AppointmentHistory) -> None:
    """Take back a new appointment; of a walk-in and a past visit nobody was notified."""
    set_status(appointment, ENTERED_IN_ERROR)
    if move.action == "book":
        publish(APPOINTMENT_CANCELLED, appointment)


def _set_back(appointment: Appointment, move: AppointmentHistory | None) -> None:
    was, to_status = appointment.status, undone_status(appointment.status)
    if to_status is None:
        raise illegal(appointment, NOTHING if move is None or move.from_status is not None else TOO_LATE)
    if was == CANCELLED and not (move and _is_recent(move)):
        raise illegal(appointment, TOO_LATE)
    if was == CANCELLED:
        _check_patient(appointment)
    set_status(appointment, to_status, **(_NOT_CANCELLED if was == CANCELLED else {}))
    if was == CANCELLED:
        publish(APPOINTMENT_RESTORED, appointment)


def _is_recent(move: AppointmentHistory) -> bool:
    return now() - move.recorded_at <= UNDO_GRACE


def _last_standing(appointment_id: UUID) -> AppointmentHistory | None:
    standing = standing_moves(list_moves(appointment_id))
    return standing[-1] if standing else None


def _former_resources(move: AppointmentHistory | None) -> dict[str, list[UUID]]:
    """Return the practitioner and the room to which an undo may move an appointment back."""
    before = (move and move.before) or {}
    names = {"practitioner_ids": "practitioner_id", "room_ids": "room_id"}
    return {key: [UUID(before[name])] for key, name in names.items() if before.get(name)}
