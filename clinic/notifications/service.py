"""Messages to patients of the current clinic: queued here, sent by a worker."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import after_commit, get_for_update
from clinic.core.errors import Conflict, NotFound
from clinic.core.events import current_event
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import FAILED, QUEUED, UNKNOWN
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import SENDING, SUPPRESSED, Notification
from clinic.patients.service import Patient

IMPORTED = "imported"
"""Why a message is suppressed that an import of past records caused."""

RETRYABLE = (FAILED, UNKNOWN)
"""States in which a message can be sent again."""

BATCH = 100


MOST_SHOWN = 10
"""The most messages about one record that its page shows."""


class NotificationNotFound(NotFound):
    """The current clinic has no such message."""

    def __init__(self) -> None:
        super().__init__("There is no such message")


class NotRetryable(Conflict):
    """Only a message that failed, or may have been sent, is sent again."""

    code = "not-retryable"

    def __init__(self, state: str) -> None:
        super().__init__(f"This message is {state}: it can't be sent again")


class NotificationService:
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
        """Queue a message about a record, once for each of its versions; return None if the patient has no address.

        It is due now unless another time is given.

        A message about a past record that is being imported, or with a reason in `suppressed`, is stored but not sent.
        """
        if not patient.email:
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
                _queue_again(notification)
            elif notification.state not in {QUEUED, SENDING}:
                raise NotRetryable(notification.state)
        return notification

    def retry_all(self, state: str | None = None) -> int:
        """Queue all messages again that are failed or unknown, or only those in one of these states; return how many.

        They are committed in batches, so that no other change waits long.
        """
        found = list(db.session.scalars(_retryable(state).with_only_columns(Notification.id)))
        return sum(_retry_batch(found[start : start + BATCH], state) for start in range(0, len(found), BATCH))

    def count_retryable(self) -> int:
        """Return how many messages are failed or unknown."""
        return db.session.scalar(select(func.count()).select_from(_retryable().subquery())) or 0

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
        query = select(Notification)
        if state is not None:
            query = query.where(Notification.state == state)
        return paginate(query, [Notification.id], limit=limit, after=after, descending=True)

    def about(self, record_id: UUID) -> Sequence[Notification]:
        """Return the messages about a record, the latest first."""
        wanted = select(Notification).where(Notification.about_id == record_id).order_by(Notification.id.desc())
        return db.session.scalars(wanted.limit(MOST_SHOWN)).all()

    def _queued(self, kind: str, about: UUID, version: int) -> Notification | None:
        key = (
            Notification.kind == kind,
            Notification.about_id == about,
            Notification.about_version == version,
            Notification.offset_minutes == 0,
            Notification.channel == "email",
        )
        found: Notification | None = db.session.scalar(select(Notification).where(*key))
        return found


notification_service = NotificationService()


def _retryable(state: str | None = None) -> Select[Notification]:
    """Select the messages that can be sent again, oldest first."""
    states = RETRYABLE if state is None else (state,)
    return select(Notification).where(Notification.state.in_(states)).order_by(Notification.id)


def _retry_batch(ids: Sequence[UUID], state: str | None) -> int:
    """Queue those of some messages again that still can be sent again; return how many."""
    with unit_of_work():
        batch = db.session.scalars(_retryable(state).where(Notification.id.in_(ids)).with_for_update()).all()
        for notification in batch:
            _queue_again(notification)
    return len(batch)


def _queue_again(notification: Notification) -> None:
    """Queue a message as if it had never been queued before, in the open unit of work: it has two days anew."""
    notification.state, notification.reason = QUEUED, None
    notification.created_at = notification.due_at = now()
    notification.attempts, notification.handed_over = 0, False
    after_commit(wake_worker)


__all__ = ["NotRetryable", "Notification", "NotificationNotFound", "NotificationService", "notification_service"]
