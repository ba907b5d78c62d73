"""Why an appointment can't be booked or changed; other modules import these from `service.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from clinic.appointments.free_times.slot_types import Reason
from clinic.core.errors import Conflict, NotFound

Resource = Literal["practitioner", "room", "patient"]

_TAKEN = {
    "practitioner": "This time is taken: choose another one",
    "room": "No room is free at this time: choose another one",
    "patient": "The patient has another appointment at this time: choose another one",
}
_NOT_OFFERED = {
    Reason.CLOSED: "The clinic is closed at this time: choose another one",
    Reason.LEAVE: "The practitioner is on leave at this time: choose another one",
    Reason.OUTSIDE_HOURS: "This time is outside the working hours: choose another one",
    Reason.BREAK: "This time is in the practitioner's break: choose another one",
    Reason.NOTICE: "This time is past or too soon: choose a later one",
    Reason.HORIZON: "This time is too far ahead: choose an earlier one",
}


class AppointmentNotFound(NotFound):
    """The current clinic has no such appointment."""

    def __init__(self) -> None:
        super().__init__("There is no such appointment")


class Unavailable(Conflict):
    """An appointment can't be booked at that time; `next_free` are later starts at which it can."""

    next_free: Sequence[datetime] = ()

    def offer(self, next_free: Sequence[datetime]) -> None:
        """Add later starts that are free."""
        self.next_free = next_free
        self.details = {**self.details, "next_free": [start.isoformat().replace("+00:00", "Z") for start in next_free]}


class SlotTaken(Unavailable):
    """The practitioner, a room or the patient has another appointment at that time.

    `resource` is which of them; `conflicts` are the ids of the appointments, as far as they are known.
    """

    code = "slot-taken"

    def __init__(self, conflicts: Sequence[UUID] = (), *, resource: Resource = "practitioner") -> None:
        super().__init__(_TAKEN[resource])
        self.resource = resource
        self.conflicts = conflicts
        self.details = {
            "conflicts": [str(appointment_id) for appointment_id in conflicts],
            "resource": resource,
            "next_free": [],
        }


class PatientBusy(SlotTaken):
    """The patient has another appointment at that time."""

    code = "patient-busy"

    def __init__(self, conflicts: Sequence[UUID] = ()) -> None:
        super().__init__(conflicts, resource="patient")


class NotOffered(Unavailable):
    """The time is outside working time, past, too soon or too far ahead; `reason` is which of these."""

    code = "not-offered"

    def __init__(self, reason: Reason) -> None:
        super().__init__(_NOT_OFFERED[reason], details={"reason": reason.value, "next_free": []})
        self.reason = reason


class ZoneChanged(Unavailable):
    """The clinic's time zone was changed between the choice of a time and its booking."""

    code = "zone-changed"

    def __init__(self) -> None:
        super().__init__("The clinic's time zone has just been changed: check the time and choose it again")


class IllegalTransition(Conflict):
    """The appointment is in a state in which that can't be done; `by` and `at` are who changed it last, and when."""

    code = "illegal-transition"

    def __init__(self, message: str, *, state: str, by: str | None, at: datetime | None) -> None:
        super().__init__(message)
        self.details = {"state": state, "by": by, "at": at and at.isoformat().replace("+00:00", "Z")}


class AppointmentNotCancellable(IllegalTransition):
    """The appointment is over, has been missed or has been cancelled."""

    code = "not-cancellable"


def guard_error(error: IntegrityError) -> Exception:
    """Return the domain error of a database constraint, which refuses what bypasses the locks and checks."""
    message = str(error.orig)
    if "appointments_patient_free" in message:
        return PatientBusy()
    resources: Sequence[Resource] = ("practitioner", "room")
    taken = (resource for resource in resources if f"appointments_{resource}_free" in message)
    return next((SlotTaken(resource=resource) for resource in taken), error)
