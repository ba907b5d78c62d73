"""Messages to patients of the current clinic: queued here, sent by a worker."""

from uuid import UUID

from sqlalchemy import select

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import after_commit
from clinic.core.errors import NotFound
from clinic.core.events import current_event
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import QUEUED
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.mail_queue import SUPPRESSED
from clinic.notifications.models import Notification
from clinic.patients.service import Patient

IMPORTED = "imported"
"""Why a message is suppressed that an import of past records caused."""


class NotificationNotFound(NotFound):
    """The current clinic has no such message."""

    def __init__(self) -> None:
        super().__init__("There is no such message")


class NotificationService:
    """The messages of the current clinic to its patients."""

    def queue(self, kind: str, patient: Patient, *, about: UUID) -> Notification | None:
        """Queue a message about a record, once for each of its versions; return None if the patient has no address.

        Messages about past records that are being imported are suppressed.
        """
        if not patient.email:
            return None
        actor, event = current_actor(), current_event()
        version = (event.subject_version if event else None) or 0
        with unit_of_work():
            if queued := self._queued(kind, about, version):
                return queued
            notification = Notification(
                patient_id=patient.id,
                kind=kind,
                about_id=about,
                about_version=version,
                state=SUPPRESSED if actor.is_import else QUEUED,
                reason=IMPORTED if actor.is_import else None,
            )
            db.session.add(notification)
            db.session.flush()
            if not actor.is_import:
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
        query = select(Notification)
        if state is not None:
            query = query.where(Notification.state == state)
        return paginate(query, [Notification.id], limit=limit, after=after, descending=True)

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


__all__ = ["Notification", "NotificationNotFound", "NotificationService", "notification_service"]
