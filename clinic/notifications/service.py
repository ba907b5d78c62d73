"""The messages of the clinic in force: queued here, sent by a worker."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, or_, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import after_commit
from clinic.core.errors import NotFound
from clinic.core.events import current_event
from clinic.core.events.delivery import RETRY
from clinic.core.ids import new_id
from clinic.core.jobs import wake_worker
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import lease_end
from clinic.notifications.models import Notification
from clinic.patients.service import Patient

MAX_ATTEMPTS = 8
IMPORTED = "imported"
NO_CONSENT = "the patient does not want messages"
NO_ADDRESS = "the patient has no e-mail address any more"
DIED_SENDING = "the worker died while the mail server had the message"
DIED_TRYING = "the worker died each time it tried to send this"


class NotificationNotFound(NotFound):
    """The clinic in force has no such message."""

    def __init__(self) -> None:
        super().__init__("There is no such message")


class NotificationService:
    """What the clinic says to its patients."""

    def queue(self, kind: str, patient: Patient, *, about: UUID) -> Notification | None:
        """Queue a message about a record, once for each of its versions; without an e-mail address there is none.

        Records of the past that are being brought in message nobody: theirs are suppressed.
        """
        if not patient.email:
            return None
        who, event = current_actor(), current_event()
        version = (event.subject_version if event else None) or 0
        with unit_of_work():
            if known := self._known(kind, about, version):
                return known
            notification = Notification(
                patient_id=patient.id,
                kind=kind,
                about_id=about,
                about_version=version,
                state="suppressed" if who.is_import else "queued",
                reason=IMPORTED if who.is_import else None,
            )
            db.session.add(notification)
            db.session.flush()
            if not who.is_import:
                after_commit(wake_worker)
        return notification

    def get(self, notification_id: UUID) -> Notification:
        """Return a message.

        :raises NotificationNotFound: if there is none of that id
        """
        found = db.session.get(Notification, notification_id)
        if found is None:
            raise NotificationNotFound
        return found

    def list(
        self, *, state: str | None = None, limit: int = DEFAULT_LIMIT, after: tuple[UUID] | None = None
    ) -> Page[Notification]:
        """Return messages, the latest first; only those in a state if one is given."""
        wanted = select(Notification)
        if state is not None:
            wanted = wanted.where(Notification.state == state)
        return paginate(wanted, [Notification.id], limit=limit, after=after, descending=True)

    def claim_next(self) -> Notification | None:
        """Take the next message that is due, for as long as a lease; one whose sender died is taken again.

        Those tried least come first, so that one that kills its worker keeps no other waiting.
        """
        while True:
            with unit_of_work():
                notification = db.session.scalar(_next_due())
                taken = notification is not None and _is_taken(notification)
            if notification is None:
                return None
            if taken:
                db.session.expunge(notification)  # it keeps its own lease, even if another worker takes over
                return notification

    def record_letter(self, notification: Notification, *, recipient: str, subject: str, body: str) -> bool:
        """Note what is about to be said to whom; False if the lease was lost meanwhile."""
        return self._change(
            notification, handed_over=True, leased_until=lease_end(), recipient=recipient, subject=subject, body=body
        )

    def record_sent(self, notification: Notification) -> bool:
        """Note that the mail server has accepted the message."""
        return self._change(notification, state="sent", sent_at=now(), lease=None, leased_until=None, reason=None)

    def record_suppressed(self, notification: Notification, reason: str) -> bool:
        """Note that the message is not to be sent after all."""
        return self._change(notification, state="suppressed", reason=reason, lease=None, leased_until=None)

    def record_unknown(self, notification: Notification, reason: str) -> bool:
        """Note that nobody knows whether the message was accepted."""
        return self._change(notification, state="unknown", reason=reason, lease=None, leased_until=None)

    def record_failure(self, notification: Notification, reason: str, *, final: bool) -> bool:
        """Note why the message was not sent, and when it is tried again unless that is pointless."""
        gone = final or notification.attempts >= MAX_ATTEMPTS
        return self._change(
            notification,
            state="failed" if gone else "queued",
            reason=reason[:300],
            due_at=now() + RETRY.pause_after(notification.attempts),
            lease=None,
            leased_until=None,
            handed_over=False,
        )

    def _known(self, kind: str, about: UUID, version: int) -> Notification | None:
        same = (
            Notification.kind == kind,
            Notification.about_id == about,
            Notification.about_version == version,
            Notification.offset_minutes == 0,
            Notification.channel == "email",
        )
        found: Notification | None = db.session.scalar(select(Notification).where(*same))
        return found

    def _change(self, notification: Notification, **values: str | bool | datetime | timedelta | UUID | None) -> bool:
        with unit_of_work():
            mine = db.session.scalar(
                select(Notification)
                .where(Notification.id == notification.id, Notification.lease == notification.lease)
                .with_for_update()
            )
            if mine is not None:
                for name, value in values.items():
                    setattr(mine, name, value)
        return mine is not None


notification_service = NotificationService()


def _next_due() -> Select[Notification]:
    at = now()
    waiting = (Notification.state == "queued") & (Notification.due_at <= at)
    left = (Notification.state == "sending") & (Notification.leased_until < at)
    due = select(Notification).where(or_(waiting, left)).order_by(Notification.attempts, Notification.id)
    return due.limit(1).with_for_update(skip_locked=True)


def _is_taken(notification: Notification) -> bool:
    """Take a message, and count the try; one that a mail server may have had by now is left to a person."""
    if notification.state == "sending" and notification.handed_over:
        notification.state, notification.reason, notification.lease = "unknown", DIED_SENDING, None
        return False
    if notification.state == "sending" and notification.attempts >= MAX_ATTEMPTS:
        notification.state, notification.reason, notification.lease = "failed", DIED_TRYING, None
        return False
    notification.state = "sending"
    notification.attempts += 1
    notification.lease, notification.leased_until = new_id(), lease_end()
    return True


__all__ = ["Notification", "NotificationNotFound", "NotificationService", "notification_service"]
