"""Messages of the clinic of the browser tests: one in each state, a letter, and visits about which somebody calls."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.service import Practitioner
from clinic.core.clock import at_wall_time
from clinic.core.db import db
from clinic.core.mail.errors import UNREACHABLE
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.models import Notification
from clinic.notifications.other_channels import send_by
from clinic.patients.service import Patient, consent_service
from tests.builders import an_appointment

REFUSED = "550 5.1.1 The mailbox does not exist"
AGREED = {(purpose, channel): True for purpose in ("care", "reminders") for channel in ("phone", "post")}

Outcome = Callable[[Notification], None]

OUTCOMES: Mapping[str, Outcome] = {
    "failed_message": lambda row: notification_queue.record_failure(row, REFUSED, final=True),
    "unclear_message": lambda row: notification_queue.record_unknown(row, "the connection broke"),
    "held_back_message": lambda row: notification_queue.record_suppressed(row, "no consent to messages by email"),
    "deferred_message": lambda row: notification_queue.record_failure(row, UNREACHABLE, final=False),
    "message_under_way": lambda _row: None,
}
"""What becomes of a confirmation, by the name of its record."""


def send_messages(day: date, zone: str, patients: Sequence[Patient], practitioner: Practitioner) -> Mapping[str, str]:
    """Send what is due, and book visits whose confirmations have each outcome; return the ids of messages by name."""
    send_due()
    db.session.commit()  # it has a session of its own; see what that wrote
    ids = {"sent_message": _latest("sent").id}
    reachable = (patient for patient in patients if patient.email)
    for number, ((name, record), patient) in enumerate(zip(OUTCOMES.items(), reachable, strict=False)):
        consent_service.record(patient.id, AGREED, source="in-person")
        starts_at = at_wall_time(datetime(day.year, day.month, day.day, 18) + timedelta(minutes=30 * number), zone)
        an_appointment(patient, practitioner, starts_at)
        ids[name] = _confirm(record)
    ids["letter"] = send_by(ids["failed_message"], channel="post").id
    send_by(ids["unclear_message"], channel="phone")
    ids["planned_message"] = _latest("queued").id
    return {name: str(id_) for name, id_ in ids.items()}


def _confirm(record: Outcome) -> UUID:
    """Give the due messages an outcome; return the id of the confirmation."""
    done = {}
    while (message := notification_queue.claim()) is not None:
        record(message)
        done[message.kind] = message.id
    return done["confirmation"]


def _latest(state: str) -> Notification:
    """Return the message of a state that is due last."""
    wanted = select(Notification).where(Notification.state == state, Notification.channel == "email")
    return db.session.scalars(wanted.order_by(Notification.due_at.desc(), Notification.id.desc())).first()  # type: ignore[return-value]
