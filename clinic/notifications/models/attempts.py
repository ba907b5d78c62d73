"""The table of attempts to deliver messages to patients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime

DEFERRED, REFUSED = "deferred", "refused"
"""Outcomes of an attempt that are no state of a message: tried again later, and never again."""

OUTCOMES = ("sent", DEFERRED, REFUSED, "unknown", "suppressed")

MOST_ANSWERED = 300
"""Characters of an answer that are stored."""


class NotificationAttempt(ClinicScoped, Base):
    """One attempt to deliver a message; without an outcome while it is under way.

    `answer` is what the server answered in its own words, without addresses. `actor` is the person who decided the
    outcome, None for a worker. An attempt that was made before attempts were recorded has no `started_at`.
    """

    __tablename__ = "notification_attempts"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "notification_id", "number", name="uq_notification_attempts_number"),
        ForeignKeyConstraint(["clinic_id", "notification_id"], ["notifications.clinic_id", "notifications.id"]),
        Index("ix_notification_attempts_ended", "clinic_id", "ended_at"),
        CheckConstraint(
            "outcome IN ('sent', 'deferred', 'refused', 'unknown', 'suppressed')",
            name="outcome",
        ),
    )

    notification_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(12))
    answer: Mapped[str | None] = mapped_column(String(MOST_ANSWERED))
    actor: Mapped[str | None] = mapped_column(String(200))
