"""What people decide about single messages: that it arrived after all, is held back, or goes another way."""

from uuid import UUID

from clinic.core.clock import now
from clinic.core.db.transaction import after_commit, get_for_update
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import QUEUED, SENT, UNKNOWN
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.attempts import record_decision
from clinic.notifications.errors import NotificationNotFound, NotUnclear, NotWaiting
from clinic.notifications.models import SUPPRESSED, Notification

LETTER = "post"
HELD_BACK = "held back at the desk"
ARRIVED = "it arrived, as somebody found out"
PRINTED = "printed"


class MessageDecisions:
    """The part of NotificationService with which people decide what becomes of a message."""

    def confirm_arrival(self, notification_id: UUID) -> Notification:
        """Record that a message arrived of which it was unclear whether it was sent.

        :raises NotificationNotFound: if there is none of that id
        :raises NotUnclear: if its state is another one
        """
        with unit_of_work():
            message = _lock_unclear(notification_id)
            message.state, message.reason, message.sent_at = SENT, None, now()
            record_decision(message.id, SENT, ARRIVED)
        return message

    def resolve(self, notification_id: UUID, *, arrived: bool) -> Notification:
        """Decide about a message of which it is unclear whether it was sent: it arrived, or it is sent again.

        :raises NotificationNotFound: if there is none of that id
        :raises NotUnclear: if its state is another one
        """
        if arrived:
            return self.confirm_arrival(notification_id)
        with unit_of_work():
            message = _lock_unclear(notification_id)
            queue_again(message)
        return message

    def hold_back(self, notification_id: UUID) -> Notification:
        """Suppress a message that waits.

        :raises NotificationNotFound: if there is none of that id
        :raises NotWaiting: if it does not wait any more
        """
        with unit_of_work():
            message = lock_waiting(notification_id)
            message.state, message.reason = SUPPRESSED, HELD_BACK
            record_decision(message.id, SUPPRESSED, HELD_BACK)
        return message

    def record_printed(self, notification_id: UUID) -> Notification:
        """Record that a letter that waits was printed.

        :raises NotificationNotFound: if there is no such letter
        :raises NotWaiting: if it does not wait any more
        """
        with unit_of_work():
            message = lock_waiting(notification_id)
            if message.channel != LETTER:
                raise NotificationNotFound
            message.state, message.reason, message.sent_at = SENT, None, now()
            record_decision(message.id, SENT, PRINTED)
        return message


def _lock_unclear(notification_id: UUID) -> Notification:
    message = lock_message(notification_id)
    if message.state != UNKNOWN:
        raise NotUnclear(message.state)
    return message


def lock_message(notification_id: UUID) -> Notification:
    """Return a message, locked until the unit of work ends.

    :raises NotificationNotFound: if there is none of that id
    """
    message = get_for_update(Notification, notification_id)
    if message is None:
        raise NotificationNotFound
    return message


def lock_waiting(notification_id: UUID) -> Notification:
    """Return a message that waits, locked until the unit of work ends.

    :raises NotificationNotFound: if there is none of that id
    :raises NotWaiting: if it does not wait any more
    """
    message = lock_message(notification_id)
    if message.state != QUEUED:
        raise NotWaiting(message.state)
    return message


def queue_again(notification: Notification) -> None:
    """Queue a message as if it had never been queued before, in the open unit of work: it has three days anew."""
    notification.state, notification.reason = QUEUED, None
    notification.created_at = notification.due_at = now()
    notification.attempts, notification.handed_over = 0, False
    after_commit(wake_worker)
