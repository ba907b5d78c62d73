"""Messages to patients of the current clinic: queued here, sent by a worker."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import after_commit, get_for_update
from clinic.core.events import current_event
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import FAILED, QUEUED, UNKNOWN
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.checks import IMPORTED
from clinic.notifications.decisions import MessageDecisions, queue_again
from clinic.notifications.errors import NotificationNotFound, NotRetryable
from clinic.notifications.models import SENDING, SUPPRESSED, Notification
from clinic.patients.service import Patient, recipient_of

RETRYABLE = (FAILED, UNKNOWN)
"""States in which a message can be sent again."""

BATCH = 100


class NotificationService(MessageDecisions):
    """The messages of the current clinic to its patients."""

    def queue(
        self,
        kind: str,
        patient: Patient,
        *,
        about: UUID,
        suppressed: str | None = None,
        due_at: datetime | None = None,
    ) -> Notification | None:
        """Queue a message about a record, once for each of its versions; return None if there is no address at all.

        It is due now unless another time is given.

        A message about a past record that is being imported, or with a reason in `suppressed`, is stored but not sent.
        """
        if not patient.email and not _has_guardians_address(patient):
            return None
        event = current_event()
        version = (event.subject_version if event else None) or 0
        reason = IMPORTED if current_actor().is_import else suppressed
        with unit_of_work():
            if queued := self._queued(kind, about, version):
                return queued
            notification = Notification(
                patient_id=patient.id,
                kind=kind,
                about_id=about,
                about_version=version,
                state=SUPPRESSED if reason else QUEUED,
                reason=reason,
                due_at=due_at or now(),
            )
            db.session.add(notification)
            db.session.flush()
            if not reason:
                after_commit(wake_worker)
        return notification

    def retry(self, notification_id: UUID) -> Notification:
        """Queue a message again that failed or may not have been sent; one that is queued anyway is left alone.

        :raises NotificationNotFound: if there is none of that id
        :raises NotRetryable: if it was sent or suppressed
        """
        with unit_of_work():
            notification = get_for_update(Notification, notification_id)
            if notification is None:
                raise NotificationNotFound
            if notification.state in RETRYABLE:
                queue_again(notification)
            elif notification.state not in {QUEUED, SENDING}:
                raise NotRetryable(notification.state)
        return notification

    def retry_all(self, state: str | None = None) -> int:
        """Queue all messages again that are failed or unknown, or only those in one of these states; return how many.

        They are committed in batches, so that no other change waits long.
        """
        found = list(db.session.scalars(_retryable(state).with_only_columns(Notification.id)))
        return sum(_retry_batch(found[start : start + BATCH], state) for start in range(0, len(found), BATCH))

    def get(self, notification_id: UUID) -> Notification:
        """Return a message.

        :raises NotificationNotFound: if there is none of that id
        """
        found = db.session.get(Notification, notification_id)
        if found is None:
            raise NotificationNotFound
        return found

    def _queued(self, kind: str, about: UUID, version: int) -> Notification | None:
        key = {"kind": kind, "about": about, "about_version": version}
        found: Notification | None = db.session.scalar(_QUEUED, key)
        return found


notification_service = NotificationService()

_QUEUED = prepared(
    select(Notification).where(
        Notification.kind == bindparam("kind"),
        Notification.about_id == bindparam("about"),
        Notification.about_version == bindparam("about_version"),
        Notification.offset_minutes == 0,
        Notification.channel == "email",
    )
)


def _retryable(state: str | None = None) -> Select[Notification]:
    """Select the messages that can be sent again, oldest first."""
    states = RETRYABLE if state is None else (state,)
    return select(Notification).where(Notification.state.in_(states)).order_by(Notification.id)


def _retry_batch(ids: Sequence[UUID], state: str | None) -> int:
    """Queue those of some messages again that still can be sent again; return how many."""
    with unit_of_work():
        batch = db.session.scalars(_retryable(state).where(Notification.id.in_(ids)).with_for_update()).all()
        for notification in batch:
            queue_again(notification)
    return len(batch)


def _has_guardians_address(patient: Patient) -> bool:
    """Return whether a message can go to somebody else, the guardian of a minor."""
    recipient = recipient_of(patient)
    return recipient is not None and recipient.email is not None


__all__ = ["NotRetryable", "Notification", "NotificationNotFound", "NotificationService", "notification_service"]
