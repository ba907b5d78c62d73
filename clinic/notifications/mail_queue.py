"""The queue of messages to patients: claimed by a worker, in one clinic at a time."""

from collections.abc import Mapping
from typing import Any

from clinic.core.mail.message import Mail
from clinic.core.mail.queue import FAILED, QUEUED, RETRY, UNKNOWN, MailQueue
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import SENDING, SUPPRESSED, Notification
from clinic.notifications.relevance import check_relevance

DIED_SENDING = "the worker died while the mail server had the message"
DIED_TRYING = "the worker died each time it tried to send this"


class NotificationQueue(MailQueue[Notification]):
    """The messages of the current clinic that are to be sent."""

    def check_relevance(self, row: Notification) -> None:
        """Check that a message is still true.

        :raises NotToBeSent: if it is not
        :raises NotSent: if it has to wait for an earlier message about the same record
        """
        check_relevance(row)

    def record_suppressed(self, row: Notification, reason: str) -> None:
        """Record why a message is not sent any more."""
        with unit_of_work():
            self.finish(row, SUPPRESSED, reason=reason)

    def handover_values(self, mail: Mail) -> dict[str, Any]:
        """Return the content of a message, to be stored when the mail server may have it."""
        return {"handed_over": True, "recipient": mail.recipient_email, "subject": mail.subject, "body": mail.text}

    def reason_values(self, reason: str | None) -> dict[str, Any]:
        """Return the reason as it is stored."""
        return {"reason": reason and reason[:300]}

    def record_failure(self, row: Notification, reason: str, *, final: bool) -> None:
        """Record why a message was not accepted, and when it is retried, if it is."""
        with unit_of_work():
            self.retry_or_fail(row, final=final, handed_over=False, **self.reason_values(reason))

    def close_abandoned(self, row: Notification) -> Mapping[str, Any] | None:
        """Return the values that close a message whose worker died; one that may have been sent is not retried."""
        if row.state == SENDING and row.handed_over:
            return {"state": UNKNOWN, "reason": DIED_SENDING}
        return {"state": FAILED, "reason": DIED_TRYING} if self.ends_its_worker(row) else None


notification_queue = NotificationQueue(
    Notification,
    open_states=(QUEUED, SENDING),
    retry_state=QUEUED,
    failed_state=FAILED,
    leased_state=SENDING,
    due_at=Notification.due_at,
    order=(Notification.attempts, Notification.id),
    retry=RETRY,
)
