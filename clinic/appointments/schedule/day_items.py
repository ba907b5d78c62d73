"""What a day of the schedule consists of: columns of cards, free time and the time around it, each with its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinic.appointments.models import Appointment, Practitioner
from clinic.appointments.schedule.day_grid import Frame, Place


@dataclass(frozen=True, slots=True)
class Card:
    """An appointment, and a warning while the patient should have arrived, or nobody has said what became of it.

    A stacked one has no room beside the others: the grid shows its stack instead.
    """

    appointment: Appointment
    place: Place
    warning: str | None = None
    is_stacked: bool = False

    kind = "card"


@dataclass(frozen=True, slots=True)
class Stack:
    """Cards that have no room beside the others, in their place."""

    cards: Sequence[Card]
    place: Place

    kind = "stack"


@dataclass(frozen=True, slots=True)
class Gap:
    """Free working time between two appointments, from now on; `time` is its start in the clinic, `09:30`."""

    starts_at: datetime
    ends_at: datetime
    place: Place
    time: str

    kind = "gap"

    @property
    def minutes(self) -> int:
        """The length of the free time."""
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Block:
    """Time in which the practitioner does not work: `off`, `break`, `leave` or `closed`."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Now:
    """The current time."""

    place: Place

    kind = "now"


Item = Card | Stack | Gap | Block | Now


@dataclass(frozen=True, slots=True)
class Column:
    """The day of a practitioner: its items by their start, how many appointments are active, and the next free time."""

    practitioner: Practitioner
    items: Sequence[Item]
    booked: int
    next_free: Gap | None
    room_id: UUID | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day: its columns, the practitioners who don't work, those without hours, and how many are in each state."""

    frame: Frame
    columns: Sequence[Column]
    absent: Sequence[Practitioner]
    without_hours: Sequence[Practitioner]
    counts: Mapping[str, int]
    shown: int
    is_closed: bool
    now: Place | None
