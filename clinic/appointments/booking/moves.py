"""Changes of the state of appointments: the part of AppointmentService from arrival to the end of a visit, and undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from clinic.appointments.booking.changes import check_transition, illegal, set_status
from clinic.appointments.booking.conflicts import guard_error
from clinic.appointments.booking.events import (
    APPOINTMENT_ARRIVED,
    APPOINTMENT_CANCELLED,
    APPOINTMENT_FULFILLED,
    APPOINTMENT_MISSED,
    publish,
)
from clinic.appointments.booking.history import record_move
from clinic.appointments.booking.locks import lock_with_resources
from clinic.appointments.booking.undoing import undo
from clinic.appointments.models import Appointment
from clinic.appointments.rules import ARRIVED, CANCELLED, CHECKED_IN, FULFILLED, NO_SHOW
from clinic.core.clock import now
from clinic.core.events.types import EventType
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service

_ACTIONS = {ARRIVED: "arrive", CHECKED_IN: "check-in", FULFILLED: "fulfil", NO_SHOW: "no-show", CANCELLED: "cancel"}

NOT_STARTED = "it can't be marked as missed before it starts"


class AppointmentMoves:
    """The moves of an appointment between its states.

    `version` is the one that was seen, None skips the check; `happened_at` is when it happened, now unless given. All
    raise `AppointmentNotFound`, `StaleVersion` if it has another version, `IllegalTransition` in a wrong state and
    `InvalidInput` if it did not happen between the previous move and now.
    """

    def arrive(
        self, appointment_id: UUID, *, version: int | None = None, happened_at: datetime | None = None
    ) -> Appointment:
        """Record that the patient has arrived, maybe after they were thought missing; publish `appointment.arrived`.

        :raises SlotTaken: if the time of a missing patient has been given away
        """
        return _move(appointment_id, ARRIVED, version, happened_at, APPOINTMENT_ARRIVED)

    def check_in(
        self, appointment_id: UUID, *, version: int | None = None, happened_at: datetime | None = None
    ) -> Appointment:
        """Record that the visit has begun."""
        return _move(appointment_id, CHECKED_IN, version, happened_at)

    def fulfil(
        self, appointment_id: UUID, *, version: int | None = None, happened_at: datetime | None = None
    ) -> Appointment:
        """Record that the visit has taken place, and publish `appointment.fulfilled`."""
        return _move(appointment_id, FULFILLED, version, happened_at, APPOINTMENT_FULFILLED)

    def mark_no_show(
        self, appointment_id: UUID, *, version: int | None = None, happened_at: datetime | None = None
    ) -> Appointment:
        """Record that the patient did not come, and publish `appointment.missed`; only after the start."""
        with _locked(appointment_id, version) as appointment:
            check_transition(appointment, NO_SHOW, "no-show")
            if appointment.starts_at > (happened_at or now()):
                raise illegal(appointment, NOT_STARTED)
            _set_status(appointment, NO_SHOW, happened_at, APPOINTMENT_MISSED)
        return appointment

    def cancel(
        self,
        appointment_id: UUID,
        *,
        reason: str = "other",
        note: str | None = None,
        version: int | None = None,
        happened_at: datetime | None = None,
    ) -> Appointment:
        """Cancel an appointment before the visit begins, and publish `appointment.cancelled`.

        The cancellation is late if the start is less than the clinic's `late_cancel_hours` away, whoever cancels.

        :raises AppointmentNotCancellable: if it is over, has been missed or has been cancelled
        """
        with _locked(appointment_id, version) as appointment:
            notice = timedelta(hours=clinic_service.current().late_cancel_hours)
            late = appointment.starts_at - (happened_at or now()) < notice
            columns = {"cancel_reason": reason, "cancel_note": note, "late": late}
            _set_status(appointment, CANCELLED, happened_at, APPOINTMENT_CANCELLED, **columns)
        return appointment

    def undo(self, appointment_id: UUID, *, version: int | None = None) -> Appointment:
        """Take back the last move of an appointment that has not been undone.

        A booking, a move and a cancellation can be undone for ten minutes: a booking becomes `entered-in-error`, which
        publishes `appointment.cancelled`; a move back publishes `appointment.rescheduled`, a cancelled appointment that
        is booked again `appointment.restored`.

        :raises SlotTaken: if the time of the restored appointment has been given away
        """
        with guarded_unit_of_work():
            return undo(appointment_id, version)


def _move(
    appointment_id: UUID,
    to_status: str,
    version: int | None,
    happened_at: datetime | None,
    event: EventType | None = None,
) -> Appointment:
    with _locked(appointment_id, version) as appointment:
        _set_status(appointment, to_status, happened_at, event)
    return appointment


@contextmanager
def guarded_unit_of_work() -> Iterator[None]:
    """Open a unit of work in which the error of a database guard is raised as its domain error."""
    try:
        with unit_of_work():
            yield
    except IntegrityError as error:
        raise guard_error(error) from error


@contextmanager
def _locked(appointment_id: UUID, version: int | None) -> Iterator[Appointment]:
    """Open a unit of work with an appointment and what it occupies locked."""
    with guarded_unit_of_work():
        yield lock_with_resources(appointment_id, version)


def _set_status(
    appointment: Appointment, status: str, happened_at: datetime | None, event: EventType | None, **columns: Any
) -> None:
    """Change the state of an appointment, record it and publish an event."""
    check_transition(appointment, status, _ACTIONS[status])
    from_status = appointment.status
    set_status(appointment, status, **columns)
    record_move(appointment, _ACTIONS[status], from_status, happened_at=happened_at, note=columns.get("cancel_note"))
    if event is not None:
        publish(event, appointment)
