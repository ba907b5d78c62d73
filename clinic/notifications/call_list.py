"""Whom the desk calls: patients of visits to come whom no message reached, the earliest visit first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from clinic.appointments.service import Appointment, Practitioner
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import FAILED, QUEUED, SENT
from clinic.notifications.checks import NO_ADDRESS, NO_GUARDIANS_ADDRESS
from clinic.notifications.models import NO_ANSWER, SUPPRESSED, Call, Notification
from clinic.patients.service import Patient, select_agreed

AHEAD = ("pending", "booked")
HORIZON = timedelta(days=14)
"""Visits that are further away are not called about yet: a reminder may still reach the patient."""

MOST_LISTED = 50
MOST_COUNTED = 99

PHONE = "phone"
_Later, _Last = aliased(Notification), aliased(Notification)
_UNREACHED = ("confirmation", "change", "reminder")
"""Kinds of messages whose failure makes a call necessary: the patient may not know when to come."""


@dataclass(frozen=True)
class ToCall:
    """A call that is to be made: the visit, the patient, the message that was not delivered, and tries so far."""

    appointment: Appointment
    patient: Patient
    practitioner: Practitioner
    message: Notification | None
    tries: int = 0

    @property
    def appointment_id(self) -> UUID:
        """The appointment about which the patient is called."""
        return self.appointment.id


def to_call() -> Sequence[ToCall]:
    """Return the calls to be made, the earliest visit first, at most `MOST_LISTED`, in one query."""
    wanted = (
        _visits()
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(_Last, _Last.id == _last_problem())
        .with_only_columns(Appointment, Patient, Practitioner, _Last, _tries())
    )
    found = db.session.execute(wanted.limit(MOST_LISTED)).all()
    return [ToCall(*one) for one in found]


def count_to_call() -> int:
    """Return how many calls are to be made, at most one more than `MOST_COUNTED`."""
    some = _visits().order_by(None).with_only_columns(Appointment.id).limit(MOST_COUNTED + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _visits() -> Select[Appointment]:
    """Select the visits about which somebody has to be called."""
    present = now()
    soon = (Appointment.starts_at > present, Appointment.starts_at <= present + HORIZON, Appointment.status.in_(AHEAD))
    wanted = select(Appointment).where(*soon, Appointment.confirmed_at.is_(None), or_(_not_reached(), _no_message()))
    return wanted.order_by(Appointment.starts_at, Appointment.id)


def _not_reached() -> ColumnElement[bool]:
    """Return the condition of a visit with a message that was not delivered, and neither another nor a call since."""
    sent = select(_Later.id).where(
        _Later.about_id == Notification.about_id, _Later.state == SENT, _Later.sent_at >= Notification.due_at
    )
    called = select(Call.id).where(
        Call.appointment_id == Notification.about_id, Call.result != NO_ANSWER, Call.made_at >= Notification.due_at
    )
    mine = select(Notification.id).where(Notification.about_id == Appointment.id, _is_problem())
    return mine.where(~sent.exists(), ~called.exists()).exists()


def _no_message() -> ColumnElement[bool]:
    """Return the condition of a visit without messages of a patient without an email address who agreed to calls."""
    message = select(Notification.id).where(Notification.about_id == Appointment.id)
    call = select(Call.id).where(Call.appointment_id == Appointment.id, Call.result != NO_ANSWER)
    return and_(Appointment.patient_id.in_(_only_by_phone()), ~message.exists(), ~call.exists())


def _only_by_phone() -> Select[UUID]:
    agreed = Patient.id.in_(select_agreed(PHONE))
    return select(Patient.id).where(Patient.email.is_(None), Patient.phone.is_not(None), agreed)


def _is_problem() -> ColumnElement[bool]:
    """Return the condition of a message that was not delivered, or that is a call."""
    failed = and_(Notification.state == FAILED, Notification.kind.in_(_UNREACHED))
    refused = or_(
        Notification.reason.in_((NO_ADDRESS, NO_GUARDIANS_ADDRESS)),
        Notification.reason.startswith("no consent to "),
    )
    agreed = Notification.patient_id.in_(select_agreed(PHONE))
    stopped = and_(Notification.state == SUPPRESSED, Notification.kind.in_(_UNREACHED), refused, agreed)
    task = and_(Notification.channel == PHONE, Notification.state == QUEUED, Notification.due_at <= now())
    return or_(failed, stopped, task)


def _last_problem() -> ScalarSelect[UUID]:
    """Return the id of the last message about an appointment that was not delivered."""
    mine = select(Notification.id).where(Notification.about_id == Appointment.id, _is_problem())
    latest = mine.order_by(Notification.due_at.desc(), Notification.id.desc()).limit(1)
    return latest.correlate(Appointment).scalar_subquery()


def _tries() -> ScalarSelect[int]:
    """Return how many calls about an appointment nobody answered."""
    unanswered = (Call.appointment_id == Appointment.id, Call.result == NO_ANSWER)
    return select(func.count(Call.id)).where(*unanswered).correlate(Appointment).scalar_subquery()
