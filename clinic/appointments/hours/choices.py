"""What becomes of the booked appointments that fall outside changed hours: each stays, is moved or is cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from clinic.appointments.booking.conflicts import IllegalTransition, Unavailable
from clinic.appointments.booking.locks import lock_resources
from clinic.appointments.booking.moves import AppointmentMoves
from clinic.appointments.booking.rescheduling import AppointmentRescheduling, possible_rooms
from clinic.appointments.hours.preview import AppointmentsOutside, Preview
from clinic.appointments.models import Appointment
from clinic.core.clock import wall_time
from clinic.core.context import current_actor
from clinic.core.errors import ClinicError, InvalidInput, PermissionDenied, StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.service import InactivePatient, patient_service

KEEP, CANCEL = "keep", "cancel"
NOT_OUTSIDE = "is no appointment that falls outside these hours"
SAME_START = "Choose another start than the one that falls outside"
WRITE = "appointments:write"

Choice = Literal["keep", "cancel"] | datetime
"""What becomes of an appointment; an instant is the start to which it is moved."""

Choices = Mapping[UUID, Choice]
"""Choices by the ids of the appointments; those that are left out stay."""


class ChoiceImpossible(AppointmentsOutside):
    """An appointment can't be moved or cancelled as was chosen, so that nothing is changed."""

    code = "choice-impossible"

    def __init__(self, preview: Preview, appointment: Appointment, error: ClinicError) -> None:
        was = wall_time(appointment.starts_at, clinic_service.current().zone)
        details = {"appointment_id": str(appointment.id), "problem": error.code} | dict(error.details)
        super().__init__(preview, f"{was:%Y-%m-%d %H:%M}: {error.message}", details=details)
        self.appointment_id = appointment.id


def carry_out(preview: Preview, choices: Choices, *, reason: str) -> None:
    """Cancel and move appointments as was chosen, after the hours were changed in the open unit of work.

    :raises InvalidInput: if a chosen appointment does not fall outside
    :raises PermissionDenied: if the current actor may not change appointments
    :raises ChoiceImpossible: if an appointment can't be changed so, for example because the new time is taken
    """
    by_id = {one.appointment.id: one.appointment for one in preview.outside}
    if unknown := [f"{one} {NOT_OUTSIDE}" for one in sorted(choices.keys() - by_id.keys())]:
        raise InvalidInput(unknown[0], problems={"appointments": unknown})
    changed = [one for one in by_id.values() if choices.get(one.id, KEEP) != KEEP]
    if not changed:
        return
    if not current_actor().has_permission(WRITE):
        raise PermissionDenied(WRITE)
    _lock(changed)
    for appointment in sorted(changed, key=lambda one: choices[one.id] != CANCEL):
        try:
            _change(appointment, choices[appointment.id], reason)
        except (InactivePatient, Unavailable, IllegalTransition, InvalidInput, StaleVersion) as error:
            raise ChoiceImpossible(preview, appointment, error) from error


def outcome_text(count: int, choices: Choices) -> str:
    """Return what becomes of so many appointments: `3 stay as booked, 2 moved, 1 cancelled`; empty for none."""
    cancelled = sum(1 for choice in choices.values() if choice == CANCEL)
    moved = sum(1 for choice in choices.values() if isinstance(choice, datetime))
    stay = count - moved - cancelled
    parts = ((stay, "stays as booked" if stay == 1 else "stay as booked"), (moved, "moved"), (cancelled, "cancelled"))
    return ", ".join(f"{number} {text}" for number, text in parts if number)


def _change(appointment: Appointment, choice: Choice, reason: str) -> None:
    if choice == appointment.starts_at:
        raise InvalidInput(SAME_START, field="starts_at")
    if isinstance(choice, datetime):
        AppointmentRescheduling().reschedule(appointment.id, starts_at=choice, version=appointment.version)
    else:
        AppointmentMoves().cancel(appointment.id, reason=reason, version=appointment.version)


def _lock(appointments: Sequence[Appointment]) -> None:
    """Lock what the appointments occupy and would occupy, in the order in which bookings lock it."""
    patient, *others = sorted({one.patient_id for one in appointments})
    lock_resources({one.practitioner_id for one in appointments}, _room_ids(appointments), patient)
    for one in others:
        patient_service.lock(one)


def _room_ids(appointments: Iterable[Appointment]) -> set[UUID]:
    possible = {room.id for one in appointments for room in possible_rooms(one)}
    return possible | {one.room_id for one in appointments if one.room_id}
