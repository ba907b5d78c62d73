"""The history of appointments: one row for each move."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.models import Appointment, AppointmentHistory
from clinic.appointments.rules import NOT_MOVES, UNDO, ZONE_CHANGE
from clinic.core.bulk_update import insert_rows
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput

UNDONE = "undone"
"""The key in `before` of an undo, under which the id of the undone move is."""

TOO_EARLY = "Enter a time after the previous change of this appointment"
NOT_YET = "Enter a time that is not in the future"


def list_moves(appointment_id: UUID) -> Sequence[AppointmentHistory]:
    """Return the moves of an appointment, the oldest first."""
    of_appointment = AppointmentHistory.appointment_id == appointment_id
    return db.session.scalars(select(AppointmentHistory).where(of_appointment).order_by(AppointmentHistory.id)).all()


def standing_moves(moves: Sequence[AppointmentHistory]) -> Sequence[AppointmentHistory]:
    """Return those of some moves that have not been undone, without the undoing itself and what moves nothing."""
    undone = {(move.before or {}).get(UNDONE) for move in moves if move.action == UNDO}
    return [move for move in moves if move.action not in {UNDO, *NOT_MOVES} and str(move.id) not in undone]


def last_move(appointment_id: UUID) -> AppointmentHistory | None:
    """Return the last move of an appointment by somebody, None if none was recorded."""
    moves = (AppointmentHistory.appointment_id == appointment_id, AppointmentHistory.action.not_in(NOT_MOVES))
    newest = select(AppointmentHistory).where(*moves).order_by(AppointmentHistory.id.desc()).limit(1)
    return db.session.scalar(newest)


def record_move(
    appointment: Appointment,
    action: str,
    from_status: str | None,
    *,
    happened_at: datetime | None = None,
    note: str | None = None,
    before: dict[str, Any] | None = None,
) -> None:
    """Add a row for a move to the present state of an appointment; it happened now unless a time is given.

    :raises InvalidInput: if the time is in the future, or before the last move that has not been undone
    """
    recorded_at = now()
    if happened_at is not None:
        _check_time(appointment.id, happened_at, recorded_at)
    db.session.add(
        AppointmentHistory(
            appointment_id=appointment.id,
            action=action,
            from_status=from_status,
            to_status=appointment.status,
            happened_at=happened_at or recorded_at,
            recorded_at=recorded_at,
            actor=current_actor().actor,
            note=note,
            before=before,
        )
    )


def record_zone_change(appointments: Iterable[Appointment]) -> None:
    """Add a row for each appointment before a change of the clinic's time zone, all in one statement."""
    present, actor = now(), current_actor().actor
    insert_rows(
        AppointmentHistory,
        [
            {
                "appointment_id": one.id,
                "action": ZONE_CHANGE,
                "from_status": one.status,
                "to_status": one.status,
                "happened_at": present,
                "recorded_at": present,
                "actor": actor,
                "before": {"starts_at": one.starts_at.isoformat(), "zone": one.zone},
            }
            for one in appointments
        ],
    )


def _check_time(appointment_id: UUID, happened_at: datetime, recorded_at: datetime) -> None:
    if happened_at > recorded_at:
        raise InvalidInput(NOT_YET, field="happened_at")
    standing = standing_moves(list_moves(appointment_id))
    if standing and happened_at < standing[-1].happened_at:
        raise InvalidInput(TOO_EARLY, field="happened_at")
