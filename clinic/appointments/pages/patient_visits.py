"""The visits of a patient as the patient's page shows them: the upcoming ones with one next act each, the last ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic.appointments.pages.progress import ACTS, NEXT, TIMED, Act, duration_text
from clinic.appointments.rules import possible_actions
from clinic.appointments.service import NamedAppointment, appointment_service
from clinic.core.clock import today, wall_day
from clinic.identity.clinics import clinic_service

PAST_SHOWN = 3


@dataclass(frozen=True)
class UpcomingVisit:
    """An upcoming appointment: how long its state lasts already, and the act that usually comes next, if there is one.

    Before its day that is the move to another time, `can_move`.
    """

    named: NamedAppointment
    days_ahead: int
    duration: str | None
    next_act: Act | None
    can_move: bool


@dataclass(frozen=True)
class ShownVisits:
    """The upcoming visits of a patient, the last ones, and the number of all that are over."""

    upcoming: Sequence[UpcomingVisit]
    past: Sequence[NamedAppointment]
    past_count: int


def visits_of(patient_id: UUID) -> ShownVisits:
    """Return the visits of a patient, in one query."""
    found = appointment_service.visits_of(patient_id, past=PAST_SHOWN)
    return ShownVisits([_upcoming(one) for one in found.upcoming], found.past, found.past_count)


def _upcoming(named: NamedAppointment) -> UpcomingVisit:
    zone, status = clinic_service.current().zone, named.appointment.status
    days_ahead = (wall_day(named.appointment.starts_at, zone) - today(zone)).days
    action = NEXT.get(status) if days_ahead <= 0 else None
    duration = duration_text(named.since) if named.since and status in TIMED else None
    can_move = not action and "reschedule" in possible_actions(status)
    return UpcomingVisit(named, days_ahead, duration, ACTS[action] if action else None, can_move)
