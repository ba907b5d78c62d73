"""How far an appointment is: its state as a heading, the steps of a visit, what can be done next, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.appointments.booking.history import standing_moves
from clinic.appointments.rules import (
    ARRIVED,
    BOOKED,
    CANCELLED,
    CHECKED_IN,
    CONFIRMATION,
    FULFILLED,
    NO_SHOW,
    PENDING,
    UNCONFIRMATION,
    UNDO,
    ZONE_CHANGE,
    possible_actions,
    undone_status,
)
from clinic.appointments.service import Appointment, AppointmentHistory, appointment_service
from clinic.core.clock import now
from clinic.identity.actor_names import actor_names

STEPS = {BOOKED: "Booked", ARRIVED: "Waiting", CHECKED_IN: "In room", FULFILLED: "Done"}
"""The states of a visit in their order, with the labels of their steps."""

TIMED = {ARRIVED, CHECKED_IN}
"""States whose duration is shown."""

UNDO_LABELS = {
    ARRIVED: "Not here yet: back to Booked",
    CHECKED_IN: "Not called in yet: back to Waiting",
    FULFILLED: "Not done yet: back to In room",
    NO_SHOW: "Not a no-show: back to Booked",
    CANCELLED: "Undo the cancellation",
}


@dataclass(frozen=True)
class Act:
    """A change of state as a button: its action, which is a part of its address, its label, shortcut and past tense."""

    action: str
    label: str
    key: str
    done: str

    @property
    def endpoint(self) -> str:
        """The endpoint of its button, without the blueprint."""
        return self.action.replace("-", "_")


ACTS = {
    "arrive": Act("arrive", "Arrived", "a", "arrived"),
    "check-in": Act("check-in", "Call in", "i", "was called in"),
    "fulfil": Act("fulfil", "Done", "d", "is done"),
    "no-show": Act("no-show", "No-show", "", "did not come"),
}
"""The buttons in the order in which they stand."""

PAST = {
    "request": "Requested",
    "wait": "Put on the waiting list",
    "book": "Booked",
    "walk-in": "Came without an appointment",
    "record": "Recorded as done",
    "confirm": "Booked",
    "reschedule": "Moved",
    "arrive": "Arrived",
    "check-in": "Called in",
    "fulfil": "Done",
    "no-show": "Did not come",
    "cancel": "Cancelled",
    UNDO: "Undone",
    CONFIRMATION: "Confirmed by the patient",
    UNCONFIRMATION: "Confirmation withdrawn",
    ZONE_CHANGE: "Clinic’s time zone changed",
}
"""Labels of the history's actions."""

NEXT = {BOOKED: "arrive", ARRIVED: "check-in", CHECKED_IN: "fulfil", NO_SHOW: "arrive"}
"""The act that usually comes next."""


@dataclass(frozen=True)
class Step:
    """A step of a visit: when it was reached, None if it was not or nobody knows."""

    label: str
    at: datetime | None
    is_reached: bool
    is_current: bool


@dataclass(frozen=True)
class Move:
    """A line of the history: the row, and who did it."""

    row: AppointmentHistory
    who: str

    @property
    def label(self) -> str:
        """What was done."""
        return PAST[self.row.action]


@dataclass(frozen=True)
class Progress:
    """The progress of one appointment.

    `duration` is how long the state lasts already, as `11 min`, where that matters; `since` is when it began.
    """

    appointment: Appointment
    duration: str | None
    since: datetime | None
    steps: Sequence[Step]
    next_act: Act | None
    other_acts: Sequence[Act]
    undo_label: str | None
    can_move: bool
    can_cancel: bool
    can_confirm: bool
    history: Sequence[Move]

    @property
    def acts(self) -> Sequence[Act]:
        """All acts, the next one first."""
        return [*([self.next_act] if self.next_act else []), *self.other_acts]


def progress_of(appointment: Appointment) -> Progress:
    """Return how far an appointment is, in two queries."""
    moves = appointment_service.history(appointment.id)
    standing = standing_moves(moves)
    since = standing[-1].happened_at if standing else None
    possible = possible_actions(appointment.status)
    acts = [act for action, act in ACTS.items() if action in possible and _makes_sense(action, appointment)]
    following = next((act for act in acts if act.action == NEXT.get(appointment.status)), None)
    names = actor_names(move.actor for move in moves)
    return Progress(
        appointment=appointment,
        duration=duration_text(since) if appointment.status in TIMED and since else None,
        since=since,
        steps=_steps(appointment, standing),
        next_act=following,
        other_acts=[act for act in acts if act is not following],
        undo_label=UNDO_LABELS.get(appointment.status) if undone_status(appointment.status) else None,
        can_move="reschedule" in possible,
        can_cancel="cancel" in possible,
        can_confirm=appointment.status in {BOOKED, PENDING},
        history=[Move(move, names[move.actor]) for move in reversed(moves)],
    )


def _makes_sense(action: str, appointment: Appointment) -> bool:
    """Return whether an act can be done now: nobody fails to come before the start."""
    return action != "no-show" or appointment.starts_at <= now()


def _steps(appointment: Appointment, standing: Sequence[AppointmentHistory]) -> Sequence[Step]:
    """Return the steps of a visit; none if it did not take place."""
    if appointment.status not in STEPS:
        return ()
    times = {BOOKED: appointment.created_at} | {move.to_status: move.happened_at for move in standing}
    reached = list(STEPS).index(appointment.status)
    return [
        Step(label, times.get(status) if number <= reached else None, number <= reached, number == reached)
        for number, (status, label) in enumerate(STEPS.items())
    ]


def duration_text(since: datetime) -> str:
    """Return the time since then: `11 min`, `1 h 05 min`."""
    minutes = max((now() - since) // timedelta(minutes=1), 0)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{minutes} min"
