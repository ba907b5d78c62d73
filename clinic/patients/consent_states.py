"""What is on record about one purpose and channel: an answer, or what registration alone allows."""

from dataclasses import dataclass
from datetime import date, datetime

from clinic.core.clock import wall_day
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_rules import ALLOWED, BY_REGISTRATION, REGISTRATION, Topic, initial_state
from clinic.patients.models import ConsentAnswer, Patient


@dataclass(frozen=True)
class ConsentState:
    """What is on record about one purpose and channel.

    Without an answer, `recorded_by` is None; what is on by registration has the day of the registration.
    """

    purpose: str
    channel: str
    state: str
    source: str | None = None
    answered_on: date | None = None
    note: str | None = None
    recorded_at: datetime | None = None
    recorded_by: str | None = None
    by_guardian: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the clinic may write to the patient."""
        return self.state in ALLOWED


def registration_of(patient: Patient) -> tuple[date, datetime]:
    """Return the day, in the clinic, and the time of a registration."""
    return wall_day(patient.created_at, clinic_service.current().zone), patient.created_at


def state_of(topic: Topic, answer: ConsentAnswer | None, registration: tuple[date, datetime]) -> ConsentState:
    """Return what is on record about a topic: an answer, or what registration alone says."""
    if answer is not None:
        names = ("state", "source", "answered_on", "note", "recorded_at", "recorded_by", "by_guardian")
        return ConsentState(*topic, *(getattr(answer, name) for name in names))
    state = initial_state(topic)
    if state != BY_REGISTRATION:
        return ConsentState(*topic, state)
    day, at = registration
    return ConsentState(*topic, state, REGISTRATION, day, recorded_at=at)
