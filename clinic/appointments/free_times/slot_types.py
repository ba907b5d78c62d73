"""What is to be booked, what is booked, and what a search for free starts finds.

Instants are aware datetimes in UTC; spans include their start and exclude their end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Reason(StrEnum):
    """Why a start is not free; the first that holds is given.

    `taken`: the visit overlaps another of the practitioner, `buffer`: only their buffers do; `room`: no place is free;
    `notice`: the start is too soon or past.
    """

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


class Booking(NamedTuple):
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
    """What is to be booked; length, buffers and the grid's step are in minutes.

    It needs one of `rooms`, the practitioner's room at that time before the others; it needs none if there are none.
    It starts at least `notice` from now, and at most `horizon`.
    """

    length: float
    buffer_before: int = 0
    buffer_after: int = 0
    rooms: tuple[UUID, ...] = ()
    notice: timedelta = timedelta(0)
    horizon: timedelta | None = None
    step: int = 15


class Slot(NamedTuple):
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
