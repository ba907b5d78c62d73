"""What a link shows about a visit: whether it can be answered, and why not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from clinic.appointments.service import UNDO_GRACE, Appointment, appointment_service, practitioner_service
from clinic.core.clock import now
from clinic.core.context import LINK_GUARDIAN, LINK_PATIENT
from clinic.identity.clinics import clinic_service
from clinic.identity.models import Clinic
from clinic.notifications.links.opening import OpenLink, patient_of
from clinic.notifications.models import Notification
from clinic.notifications.service import notification_service
from clinic.patients.service import Patient, Recipient, recipient_of

MOST_TRIES = 5
"""Wrong dates of birth after which a link shows the phone number alone."""

VERIFIED_LIVES = timedelta(minutes=30)
"""How long the date of birth is not asked again, and how long the link shows the time that was chosen with it."""

FULL_DATE = len("1991-06-21")


class VisitState(StrEnum):
    """What can be done with a visit through its link.

    `closed`: nothing, as the message was not for whoever reads it, or the patient's record is not active any more;
    `moved`: it takes place at another time than the message says; `moved-here`: at the time chosen through this link.
    """

    OPEN = "open"
    LATE = "late"
    OVER = "over"
    MOVED = "moved"
    MOVED_HERE = "moved-here"
    CANCELLED_HERE = "cancelled-here"
    CANCELLED = "cancelled"
    CLOSED = "closed"


@dataclass(frozen=True)
class LinkedVisit:
    """A visit as its link shows it; `deadline` is until when it can be cancelled and moved here."""

    link: OpenLink
    state: VisitState
    visit: Appointment
    patient: Patient
    recipient: Recipient | None
    clinic: Clinic
    practitioner: str

    @property
    def deadline(self) -> datetime:
        """Until when the visit can be cancelled or moved here; later, the clinic is to be called."""
        return self.visit.starts_at - timedelta(hours=self.clinic.late_cancel_hours)

    @property
    def is_confirmed(self) -> bool:
        """Whether the patient has said that they come."""
        return self.visit.confirmed_at is not None

    @property
    def is_open(self) -> bool:
        """Whether the visit can be changed here, also back from a cancellation."""
        return self.state in {VisitState.OPEN, VisitState.CANCELLED_HERE}

    @property
    def can_move(self) -> bool:
        """Whether another time can be chosen: it takes the full date of birth on record, and tries that are left."""
        has_date = len(self.patient.birth_date or "") == FULL_DATE
        return self.is_open and has_date and self.link.tries < MOST_TRIES

    @property
    def is_verified(self) -> bool:
        """Whether the date of birth was entered a short time ago."""
        return is_recent(self.link.verified_at, VERIFIED_LIVES)

    @property
    def tries_left(self) -> int:
        """How many dates of birth can still be entered."""
        return max(MOST_TRIES - self.link.tries, 0)

    @property
    def can_take_back(self) -> bool:
        """Whether the cancellation through a link can still be undone."""
        return self.state == VisitState.CANCELLED_HERE

    @property
    def name(self) -> str | None:
        """The given name of the patient, for whom a guardian answers; None if the patient does."""
        is_guardian = self.recipient is not None and self.recipient.is_guardian
        return (self.patient.given_name or self.patient.calling_name) if is_guardian else None


def linked_visit(link: OpenLink) -> LinkedVisit:
    """Return a visit as its link shows it now."""
    if link.appointment_id is None:
        raise RuntimeError("this link is not about a visit")
    visit, patient = appointment_service.get(link.appointment_id), patient_of(link)
    recipient = recipient_of(patient)
    state = VisitState.CLOSED
    if _may_answer(notification_service.get(link.notification_id), patient, recipient):
        state = _state(link, visit)
    clinic, practitioner = clinic_service.current(), practitioner_service.get(visit.practitioner_id)
    shown = LinkedVisit(link, state, visit, patient, recipient, clinic, practitioner.name)
    if state == VisitState.OPEN and shown.deadline <= now():
        return LinkedVisit(link, VisitState.LATE, visit, patient, recipient, clinic, practitioner.name)
    return shown


def is_recent(at: datetime | None, duration: timedelta) -> bool:
    """Return whether something happened within a duration before now."""
    return at is not None and now() - at <= duration


def _may_answer(message: Notification, patient: Patient, recipient: Recipient | None) -> bool:
    """Return whether the message went to the person who gets the patient's messages today, at today's address."""
    if patient.deceased_on is not None or patient.state != "active":
        return False
    if recipient is None or not recipient.email or not message.recipient:
        return False
    return message.recipient.casefold() == recipient.email.casefold() and message.patient_id == patient.id


def _state(link: OpenLink, visit: Appointment) -> VisitState:
    if visit.patient_id != link.patient_id:  # the records were merged: the newest message counts
        return VisitState.MOVED
    if visit.status in {"cancelled", "entered-in-error"}:
        return _state_of_cancelled(link, visit)
    if (visit.wall_start, visit.practitioner_id) != (link.told_start, link.told_practitioner):
        is_own = visit.wall_start == link.moved_to and is_recent(link.verified_at, VERIFIED_LIVES)
        return VisitState.MOVED_HERE if is_own else VisitState.MOVED
    if visit.status not in {"pending", "booked"} or visit.starts_at <= now():
        return VisitState.OVER
    return VisitState.OPEN


def _state_of_cancelled(link: OpenLink, visit: Appointment) -> VisitState:
    if visit.wall_start != link.told_start or visit.starts_at <= now():
        return VisitState.CANCELLED
    move = appointment_service.last_move(visit.id)
    is_own = move is not None and move.action == "cancel" and move.actor in {LINK_PATIENT, LINK_GUARDIAN}
    is_undoable = move is not None and is_recent(move.recorded_at, UNDO_GRACE)
    return VisitState.CANCELLED_HERE if is_own and is_undoable else VisitState.CANCELLED
