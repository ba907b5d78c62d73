"""The table of messages to patients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    column,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime

SENDING, SUPPRESSED = "sending", "suppressed"
"""The states of a message that other mail does not have."""

ANOTHER_CHANNEL = column("channel") != literal_column("'email'")
"""Limits an index to the few messages that are no emails."""

_UNAUDITED = {"audited": False}
"""Marks a column that only workers use, and whose changes are not audited."""


class Notification(ClinicScoped, Base):
    """A message to one patient, about one version of one record; `created_at` is when it was queued the last time.

    A planned message has the start of its visit, or the day of its recall, in `about_at`, and the version of the
    settings by which it was planned. `attempted_at` is when a worker claimed it the last time.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint(
            "clinic_id",
            "kind",
            "about_id",
            "about_version",
            "offset_minutes",
            "channel",
            name="uq_notifications_once",
        ),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed')",
            name="state",
        ),
        Index("ix_notifications_due", "clinic_id", "state", "due_at", "id"),
        Index("ix_notifications_planned", "clinic_id", "kind", "about_at"),
        Index("ix_notifications_patient", "clinic_id", "patient_id", "due_at", "id", "state"),
        Index("ix_notifications_log", "clinic_id", "due_at", "id"),
        Index("ix_notifications_kind_log", "clinic_id", "kind", "due_at", "id"),
        Index("ix_notifications_kind", "clinic_id", "kind", "state", "due_at", "id"),
        Index("ix_notifications_about", "clinic_id", "about_id", "id"),
        Index(
            "ix_notifications_channel",
            *("clinic_id", "channel", "state", "due_at", "id"),
            postgresql_where=ANOTHER_CHANNEL,
            sqlite_where=ANOTHER_CHANNEL,
        ),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(30))
    about_id: Mapped[UUID] = mapped_column(Uuid)
    about_version: Mapped[int] = mapped_column(Integer)
    offset_minutes: Mapped[int] = mapped_column(Integer, default=0)
    about_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=_UNAUDITED)
    settings_version: Mapped[int | None] = mapped_column(Integer, info=_UNAUDITED)
    channel: Mapped[str] = mapped_column(String(10), default="email")
    state: Mapped[str] = mapped_column(String(12), default="queued")
    reason: Mapped[str | None] = mapped_column(String(300))
    attempts: Mapped[int] = mapped_column(Integer, default=0, info=_UNAUDITED)
    attempted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=_UNAUDITED)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    lease: Mapped[UUID | None] = mapped_column(Uuid, info=_UNAUDITED)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime, info=_UNAUDITED)
    handed_over: Mapped[bool] = mapped_column(Boolean, default=False, info=_UNAUDITED)
    recipient: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(String(300))
    body: Mapped[str | None] = mapped_column(Text)
    source: Mapped[bytes | None] = mapped_column(LargeBinary, info=_UNAUDITED, deferred=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
