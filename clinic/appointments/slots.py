"""Free starts for a visit, and for every start that is not free the reason.

Instants are aware datetimes in UTC, lengths are in minutes; spans include their start and exclude their end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.appointments.working_time import ClinicHours, PractitionerHours


class Reason(StrEnum):
    """Why a start is not free; the first that holds is given."""

    CLOSED = "closed"
    LEAVE = "leave"
    OUTSIDE_HOURS = "outside-hours"
    BREAK = "break"
    TAKEN = "taken"
    BUFFER = "buffer"
    ROOM = "room"
    PATIENT_BUSY = "patient-busy"
    NOTICE = "notice"
    HORIZON = "horizon"


@dataclass(frozen=True, slots=True)
class Booking:
    """An active appointment; its blocked span includes its buffers."""

    appointment_id: UUID
    practitioner_id: UUID
    patient_id: UUID
    starts_at: datetime
    ends_at: datetime
    blocked_from: datetime
    blocked_until: datetime
    room_id: UUID | None = None
    place: int | None = None
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """A room with places 0 to `places` - 1."""

    room_id: UUID
    places: int


@dataclass(frozen=True, slots=True)
class Visit:
    """What is to be booked: length and buffers in minutes; it needs one of the rooms, or none if there are none."""

    length: int
    buffer_before: int = 0
    buffer_after: int = 0
    rooms: tuple[UUID, ...] = ()
    notice: timedelta = timedelta(0)
    horizon: timedelta | None = None
    step: int = 15


@dataclass(frozen=True, slots=True)
class Slot:
    """A free start, with the room and place that the visit takes."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    room_id: UUID | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A start that is not free; the appointment is the one in the way, if it is an appointment."""

    starts_at: datetime
    reason: Reason
    appointment_id: UUID | None
    practitioner_id: UUID


@dataclass(frozen=True, slots=True)
class Availability:
    """The free starts of a practitioner and, if explained, all others, each in order."""

    slots: tuple[Slot, ...]
    refused: tuple[Refused, ...]


def find_slots(
    visit: Visit,
    clinic: ClinicHours,
    practitioner: PractitionerHours,
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    first_day: date,
    last_day: date,
    now: datetime,
    explain: bool = False,
    ignore: UUID | None = None,
) -> Availability:
    """Return the free starts of a practitioner on the local days from `first_day` to `last_day`, both included."""
    raise NotImplementedError


def find_across(
    visit: Visit,
    clinic: ClinicHours,
    practitioners: Sequence[PractitionerHours],
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    first_day: date,
    last_day: date,
    now: datetime,
    explain: bool = False,
    ignore: UUID | None = None,
) -> tuple[Availability, ...]:
    """Return the free starts of each practitioner, in their order."""
    raise NotImplementedError


def explain_start(
    visit: Visit,
    clinic: ClinicHours,
    practitioner: PractitionerHours,
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    starts_at: datetime,
    now: datetime,
    ignore: UUID | None = None,
) -> Slot | Refused:
    """Return the slot at one start, on the grid or not, or the reason why there is none."""
    raise NotImplementedError


def first_free(
    availabilities: Iterable[Availability], *, zone: ZoneInfo, limit: int | None = None
) -> dict[date, list[Slot]]:
    """Return the first `limit` slots by local day, ordered by start and then as the availabilities are."""
    raise NotImplementedError
