"""The checks of a message, each with a label: whether it may be sent now, and why not."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from clinic.appointments.service import Appointment
from clinic.core.clock import now, wall_time
from clinic.core.db import db
from clinic.core.mail.queue import FAILED, QUEUED
from clinic.notifications.check_types import Check, Stop
from clinic.notifications.invoice_checks import ASKS, LAST_LEVEL, NO_CREDIT, PAID, STANDING, STILL_DUE
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import SENDING, SUPPRESSED, Notification
from clinic.notifications.subjects import MessageSubject
from clinic.patients.service import PatientMerged, topic_label

DECEASED = "the patient has died"
NO_ADDRESS = "the patient has no email address any more"
NO_GUARDIAN = "the patient is a minor without a guardian on record"
NO_PAYERS_ADDRESS = "the payer has no email address on record"
NO_GUARDIANS_ADDRESS = "the guardian has no email address"
PAST = "the appointment is in the past"
MERGED = "the record was merged with another one of the patient"
CANCELLED = "the appointment was cancelled"
NOT_CANCELLED = "the appointment is not cancelled any more"
CHANGED = "the appointment has been changed"
NOT_MISSED = "the appointment is not marked as missed any more"
NOT_OPEN = "the recall is not open any more"
NO_REMINDERS = "the clinic does not remind of such visits"
IMPORTED = "imported"
"""Why a message is suppressed that an import of past records caused."""

MOVED = "the appointment was moved"
BOOKED_LATE = "the visit was booked or moved after its reminders were due"
SENT_LATER = "a later reminder of this visit is due too"
LONG_AGO = "the visit was more than a week ago"
ARCHIVED = "the record of the patient is archived"
SWITCHED_OFF = "switched off by the clinic"
WAITS = "the confirmation of this appointment is being sent"

_ANSWERS = {"no": "refused", "withdrawn": "withdrawn", "not-asked": "not asked"}

NO_SHOW = "noshow"

RECENT_DAYS = timedelta(days=7)

AHEAD_STATES = ("pending", "booked")
"""In these states an appointment is still to come."""

CANCELLED_STATES = ("cancelled", "entered-in-error")
"""In these states it does not take place; the second is that of a booking that was undone."""


def past_reason(appointment: Appointment) -> str | None:
    """Return why nothing is written to the patient about an appointment that has begun; None if it has not."""
    return PAST if appointment.starts_at <= now() else None


def _not_reminded(subject: MessageSubject) -> Stop | None:
    offsets = subject.settings.offsets_of(subject.appointment.service_id)
    is_on = bool(offsets) if subject.row is None else subject.row.offset_minutes in offsets
    return None if is_on else Stop(NO_REMINDERS)


def _imported(subject: MessageSubject) -> Stop | None:
    return Stop(IMPORTED) if subject.is_imported else None


def _moved_since(subject: MessageSubject) -> Stop | None:
    row = subject.row
    return Stop(MOVED) if row is not None and row.about_at != subject.appointment.starts_at else None


def _booked_late(subject: MessageSubject) -> Stop | None:
    """Stop if there is no reminder, and none will be planned, because all were due before the visit was booked."""
    starts_at = subject.appointment.starts_at
    if subject.row is not None or any(row.about_at == starts_at for row in subject.reminders):
        return None
    offsets = subject.settings.offsets_of(subject.appointment.service_id)
    return Stop(BOOKED_LATE) if starts_at - timedelta(minutes=min(offsets)) <= now() else None


def _reminded_later(subject: MessageSubject) -> Stop | None:
    """Stop a late reminder if one that is nearer to the visit is due as well, or was sent."""
    row, at = subject.row, now()
    if row is None:
        return None
    nearer = (
        one.about_at == row.about_at and one.offset_minutes < row.offset_minutes and one.due_at <= at
        for one in subject.reminders
        if one.state not in {SUPPRESSED, FAILED}
    )
    return Stop(SENT_LATER) if any(nearer) else None


def _in_quiet_hours(subject: MessageSubject) -> Stop | None:
    quiet, at = subject.settings.quiet_hours, now()
    if not quiet.holds(at):
        return None
    until = quiet.end_after(at)
    return Stop(f"quiet hours until {wall_time(until, quiet.zone):%H:%M}", waits=True, until=until)


def _long_ago(subject: MessageSubject) -> Stop | None:
    return Stop(LONG_AGO) if subject.appointment.starts_at < now() - RECENT_DAYS else None


def _archived(subject: MessageSubject) -> Stop | None:
    return None if subject.patient.state == "active" else Stop(ARCHIVED)


def _kind_off(subject: MessageSubject) -> Stop | None:
    return Stop(SWITCHED_OFF) if subject.is_switched_off else None


def _merged(subject: MessageSubject) -> Stop | None:
    """Stop the welcome to a record that was merged into another; other messages wait until they follow the merge."""
    try:
        patient = subject.patient
    except PatientMerged:
        return Stop(MERGED, waits=subject.row is not None)
    is_of_merged = subject.kind.about == "patient" and subject.about_id != patient.id
    return Stop(MERGED) if is_of_merged else None


def _died(subject: MessageSubject) -> Stop | None:
    return Stop(DECEASED) if subject.patient.deceased_on is not None else None


def _no_address(subject: MessageSubject) -> Stop | None:
    recipient = subject.recipient
    if recipient is None:
        return Stop(NO_GUARDIAN)
    if recipient.email:
        return None
    if subject.is_to_other_payer:
        return Stop(NO_PAYERS_ADDRESS)
    return Stop(NO_GUARDIANS_ADDRESS if recipient.is_guardian else NO_ADDRESS)


def _no_consent(subject: MessageSubject) -> Stop | None:
    topic = (subject.kind.purpose, subject.channel)
    found = subject.consent
    return None if found.allowed else Stop(f"no consent to {topic_label(topic)}: {_ANSWERS[found.state]}")


def _not_ahead(subject: MessageSubject) -> Stop | None:
    appointment = subject.appointment
    if appointment.status in CANCELLED_STATES:
        return Stop(CANCELLED)
    if reason := past_reason(appointment):
        return Stop(reason)
    return None if appointment.status in AHEAD_STATES else Stop(CHANGED)


def _not_cancelled(subject: MessageSubject) -> Stop | None:
    if subject.appointment.status not in CANCELLED_STATES:
        return Stop(NOT_CANCELLED)
    reason = past_reason(subject.appointment)
    return Stop(reason) if reason else None


def _moved_again(subject: MessageSubject) -> Stop | None:
    """Stop the message about a move if a later move is still to be announced."""
    if subject.row is None:
        return None
    later = select(Notification.id).where(
        Notification.about_id == subject.about_id,
        Notification.kind == subject.row.kind,
        Notification.state == QUEUED,
        Notification.id > subject.row.id,
    )
    return Stop(CHANGED) if db.session.scalar(select(later.exists())) else None


def _confirmation_is_being_sent(subject: MessageSubject) -> Stop | None:
    """Wait while a worker sends the confirmation; for one whose lease has ended nobody waits."""
    sending = select(Notification.id).where(
        Notification.kind == "confirmation",
        Notification.about_id == subject.about_id,
        Notification.state == SENDING,
        Notification.leased_until > now(),
    )
    return Stop(WAITS, waits=True) if db.session.scalar(select(sending.exists())) else None


def _not_missed(subject: MessageSubject) -> Stop | None:
    return None if subject.appointment.status == NO_SHOW else Stop(NOT_MISSED)


def _not_open(subject: MessageSubject) -> Stop | None:
    return None if subject.recall.state == "open" else Stop(NOT_OPEN)


_PATIENT = ("See the patient", "patients.show", "patient_id")
KIND = Check(
    "kind",
    "The clinic sends this kind of message",
    _kind_off,
    "Message templates",
    "notifications.templates",
    is_asked_twice=False,
)
MERGE = Check("merged", "The record was not merged into another one", _merged)
ALIVE = Check("alive", "The patient has not died", _died, *_PATIENT)
AHEAD = Check(
    "ahead",
    "The appointment is still to come",
    _not_ahead,
    "See the appointment",
    "appointments.show",
    "appointment_id",
)
STILL_CANCELLED = Check(
    "cancelled",
    "The appointment is cancelled",
    _not_cancelled,
    "See the appointment",
    "appointments.show",
    "appointment_id",
)
LAST_MOVE = Check("last-move", "It was not moved again since", _moved_again)
TURN = Check("turn", "No earlier message about it is being sent", _confirmation_is_being_sent)
STILL_MISSED = Check(
    "missed", "The patient did not come", _not_missed, "See the appointment", "appointments.show", "appointment_id"
)
STILL_OPEN = Check("open", "The recall is open", _not_open, "Edit the recall", "patients.edit_recall", "recall_id")
ADDRESS = Check(
    "address", "An email address is on record", _no_address, "Edit the contact details", "patients.edit", "patient_id"
)
CONSENT = Check("consent", "The patient agreed", _no_consent, "See consent", "patients.consent", "patient_id")

_SETTINGS_PAGE = ("Messages settings", "notifications.settings")
REMINDED = Check("reminded", "The clinic reminds of such visits", _not_reminded, *_SETTINGS_PAGE)
ORIGIN = Check("origin", "It was booked here, not imported", _imported)
SAME_TIME = Check("same-time", "The appointment was not moved since it was planned", _moved_since)
IN_TIME = Check("in-time", "It was booked before the reminder was due", _booked_late)
NEAREST = Check("nearest", "No later reminder of this visit is due", _reminded_later)
RECENT = Check("recent", "The visit was in the last week", _long_ago)
ACTIVE = Check("active", "The record of the patient is not archived", _archived, *_PATIENT)
QUIET = Check("quiet", "Not in quiet hours", _in_quiet_hours, *_SETTINGS_PAGE)

_OF_KIND: Mapping[str, Sequence[Check]] = {
    "welcome": (),
    "confirmation": (AHEAD,),
    "change": (AHEAD, LAST_MOVE),
    "cancellation": (STILL_CANCELLED,),
    "reminder": (REMINDED, ORIGIN, AHEAD, SAME_TIME, IN_TIME, NEAREST),
    "missed": (STILL_MISSED, RECENT),
    "recall": (STILL_OPEN, ACTIVE),
    "receipt": (PAID,),
    "invoice": (STANDING,),
    "payment-reminder": (ASKS, STILL_DUE, NO_CREDIT, LAST_LEVEL),
}
_IN_TURN = ("change", "cancellation")
"""Kinds that are sent after the confirmation of the appointment."""


def checks_of(kind: str) -> Sequence[Check]:
    """Return the checks of a kind of message, in the order in which they are asked."""
    last = (TURN,) if kind in _IN_TURN else (QUIET,) if KINDS[kind].waits_for_morning else ()
    return (KIND, MERGE, ALIVE, *_OF_KIND[kind], ADDRESS, CONSENT, *last)
