"""What became of each attempt to deliver a message, recorded in the transaction that changes the message."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update

from clinic.core.bulk_update import RowInsert
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.mail.queue import UNKNOWN
from clinic.notifications.models import DEFERRED, MOST_ANSWERED, Notification, NotificationAttempt

DIED = "the worker died"
"""The answer of an attempt whose worker died before the mail server had the message."""


_UNLOADED = {"synchronize_session": False, "autoflush": False}
"""Execution options of changes of attempts, of which the session has loaded none."""


_UNDER_WAY = (NotificationAttempt.notification_id == bindparam("message_id"), NotificationAttempt.outcome.is_(None))

_END = prepared(
    update(NotificationAttempt)
    .where(*_UNDER_WAY)
    .values(outcome=bindparam("its_outcome"), answer=bindparam("its_answer"), ended_at=bindparam("its_end"))
)
_FORGET = prepared(delete(NotificationAttempt).where(*_UNDER_WAY))


def begin_attempt(notification: Notification) -> None:
    """Record that an attempt begins, in the open transaction."""
    _begin().execute(message_id=notification.id, started_at=now())


def end_attempt(notification_id: UUID, outcome: str, answer: str | None = None) -> None:
    """Record how the attempt ended that is under way, in the open transaction; without one, nothing is recorded."""
    ended = {"its_outcome": outcome, "its_answer": shortened(answer), "its_end": now()}
    db.session.execute(_END, {"message_id": notification_id, **ended}, execution_options=_UNLOADED)


def forget_attempt(notification_id: UUID) -> None:
    """Delete the attempt that is under way, in the open transaction, because it turned out to be none."""
    db.session.execute(_FORGET, {"message_id": notification_id}, execution_options=_UNLOADED)


def end_lost_attempt(notification: Notification) -> None:
    """Record that the worker died that had a message, in the open transaction."""
    end_attempt(notification.id, *_lost(notification))


def record_decision(notification_id: UUID, outcome: str, answer: str) -> None:
    """Record what the current actor found out about a message, as an attempt of its own, in the open transaction."""
    db.session.add(
        NotificationAttempt(
            notification_id=notification_id,
            number=_next_number(notification_id),
            started_at=now(),
            ended_at=now(),
            outcome=outcome,
            answer=shortened(answer),
            actor=current_actor().actor,
        )
    )


def attempts_of(notification_id: UUID) -> Sequence[NotificationAttempt]:
    """Return the attempts to deliver a message, in order."""
    mine = select(NotificationAttempt).where(NotificationAttempt.notification_id == notification_id)
    return db.session.scalars(mine.order_by(NotificationAttempt.number)).all()


@dataclass(frozen=True)
class MessageDetail:
    """A message with the attempts to deliver it; its other attributes are those of the message."""

    message: Notification
    attempt_list: Sequence[NotificationAttempt]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.message, name)


def detail_of(message: Notification) -> MessageDetail:
    """Return a message with its attempts."""
    return MessageDetail(message, attempts_of(message.id))


def shortened(answer: str | None) -> str | None:
    """Return an answer as it is stored."""
    return answer and answer[:MOST_ANSWERED]


def _lost(notification: Notification) -> tuple[str, str]:
    """Return the outcome and the answer of an attempt whose worker died."""
    return (UNKNOWN if notification.handed_over else DEFERRED), DIED


@cache
def _begin() -> RowInsert:
    message_id = bindparam("message_id", type_=NotificationAttempt.notification_id.type)
    number = _next_number(message_id)
    return RowInsert(NotificationAttempt, "started_at", notification_id=message_id, number=number)


def _next_number(notification_id: Any) -> Any:
    """Return the number of the next attempt, as an expression; it counts on when a message is sent again."""
    highest = select(func.max(NotificationAttempt.number)).where(NotificationAttempt.notification_id == notification_id)
    return func.coalesce(highest.scalar_subquery(), 0) + 1
