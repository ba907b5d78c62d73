"""The queue of messages to patients: claimed by a worker, in one clinic at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.errors import NotSent
from clinic.core.mail.message import Mail
from clinic.core.mail.queue import FAILED, QUEUED, RETRY, SENT, UNKNOWN, MailQueue
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.attempts import begin_attempt, end_attempt, end_lost_attempt, forget_attempt
from clinic.notifications.channels import worker_channels
from clinic.notifications.links.issuing import issue_links, store_links
from clinic.notifications.models import DEFERRED, REFUSED, SENDING, SUPPRESSED, Notification
from clinic.notifications.planning_rules import LEAD
from clinic.notifications.relevance import check_relevance
from clinic.notifications.stored_mail import hide_tokens, pack_mail
from clinic.notifications.subjects import MessageSubject

DIED_SENDING = "the worker died while the mail server had the message"
CHANGED_MEANWHILE = "the appointment was changed while the message was written"
DIED_TRYING = "the worker died each time it tried to send this"

GIVE_UP = timedelta(days=3)
"""How long a message is attempted: a mail server that was away for a weekend loses none."""

_BEFORE: Mapping[str, Callable[[int], timedelta]] = {
    "reminder": lambda minutes: timedelta(minutes=minutes),
    "recall": lambda _minutes: LEAD,
    "payment-reminder": lambda minutes: -timedelta(minutes=minutes),
}
"""How long before the visit, the day of the recall or the due date of the invoice a planned message is due."""


def planned_time(row: Notification) -> datetime | None:
    """Return the time, by its visit, recall or invoice, at which a planned message is to be sent; None for others."""
    if row.about_at is None or row.kind not in _BEFORE:
        return None
    return row.about_at - _BEFORE[row.kind](row.offset_minutes)


class NotificationQueue(MailQueue[Notification]):
    """The messages of the current clinic that are to be sent."""

    def new_lease(self) -> dict[str, Any]:
        """Return the values with which a message is leased, and when it was."""
        return super().new_lease() | {"attempted_at": now()}

    def check_relevance(self, row: Notification) -> None:
        """Check that a message that was written a moment ago is still true.

        :raises NotToBeSent: if it is not
        :raises NotYet: if it has to wait until a time
        :raises NotSent: if it has to wait for an earlier message about the same record
        """
        subject = MessageSubject.of(row)
        subject.read_patient()
        check_relevance(subject, again=True)

    def read_ahead(self, row: Notification) -> None:
        """Read what a message is about that was claimed, in the same transaction."""
        MessageSubject.read_ahead(row)

    def limits(self, columns: Any) -> Sequence[ColumnElement[bool]]:
        """Limit what workers claim to the channels that they deliver."""
        return (columns.channel.in_(worker_channels()),)

    def record_claim(self, row: Notification, *, is_leased: bool, was_leased: bool) -> None:
        """Record that an attempt begins, and that the last one lost its worker if it has not ended."""
        if was_leased:
            end_lost_attempt(row)
        if is_leased:
            begin_attempt(row)

    def record_handover(self, row: Notification, mail: Mail) -> None:
        """Record that a mail server is about to accept a message, and store its links, which work from now on.

        :raises NotToBeSent: if it is not to be sent any more
        :raises NotSent: if the visit has been changed since the message was written
        """
        with unit_of_work(), db.session.no_autoflush:
            super().record_handover(row, mail)
            issued = issue_links(row).values()
            if set(mail.tokens) != {link.token for link in issued}:
                raise NotSent(CHANGED_MEANWHILE)
            store_links(row, issued)

    def record_sent(self, row: Notification, answer: str | None = None) -> None:
        """Record that a message was accepted, and what was answered."""
        with unit_of_work():
            super().record_sent(row)
            end_attempt(row.id, SENT, answer)

    def record_postponed(self, row: Notification, reason: str, until: datetime) -> None:
        """Record that a message waits until a time; that was no attempt."""
        with unit_of_work():
            super().record_postponed(row, reason, until)
            forget_attempt(row.id)

    def record_unknown(self, row: Notification, reason: str) -> None:
        """Record that it is unknown whether a message was accepted."""
        with unit_of_work():
            super().record_unknown(row, reason)
            end_attempt(row.id, UNKNOWN, reason)

    def record_suppressed(self, row: Notification, reason: str) -> None:
        """Record why a message is not sent any more."""
        with unit_of_work():
            self.finish(row, SUPPRESSED, reason=reason)
            end_attempt(row.id, SUPPRESSED, reason)

    def time_left(self, row: Notification) -> timedelta:
        """Return how long a message is still attempted: three days, and a reminder until its visit begins."""
        begun, until = row.created_at, now() + GIVE_UP
        if row.about_at is not None and (planned := planned_time(row)) is not None:
            begun, until = max(begun, planned), row.about_at if planned < row.about_at else until
        return min(begun + GIVE_UP, until) - now()

    def handover_values(self, mail: Mail) -> dict[str, Any]:
        """Return the content of a message, to be stored when the mail server may have it; links show no token."""
        content = {"subject": mail.subject, "body": hide_tokens(mail.text), "source": pack_mail(mail)}
        return {"handed_over": True, "recipient": mail.recipient_email, **content}

    def reason_values(self, reason: str | None) -> dict[str, Any]:
        """Return the reason as it is stored."""
        return {"reason": reason and reason[:300]}

    def record_failure(self, row: Notification, reason: str, *, final: bool, answer: str | None = None) -> None:
        """Record why a message was not accepted, what was answered, and when it is retried, if it is."""
        with unit_of_work():
            self.retry_or_fail(row, final=final, handed_over=False, **self.reason_values(reason))
            end_attempt(row.id, REFUSED if final else DEFERRED, answer or reason)

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
    order=(Notification.due_at, Notification.id),
    retry=replace(RETRY, duration=GIVE_UP),
)
