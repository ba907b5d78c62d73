"""The table of links in messages to patients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import UUIDMixin
from clinic.core.db.types import UTCDateTime

ANSWER, CALENDAR, PREFERENCES = "answer", "calendar", "preferences"
"""What a link is for; it is good for nothing else."""


class LinkToken(UUIDMixin, Base):
    """A link in a message: what it is for, what the message said about a visit, and a hash of its token.

    It is found by the hash alone, before its clinic is known, so that it is not filtered by clinic. `wall_start` and
    `practitioner_id` are what the message said: once the visit differs from them the link does nothing. `tries` are
    wrong dates of birth; the right one was entered at `verified_at`. `moved_to` is the local start that was chosen
    through this link.
    """

    __tablename__ = "link_tokens"
    __audited__ = False
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "notification_id"], ["notifications.clinic_id", "notifications.id"]),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
        CheckConstraint("purpose IN ('answer', 'calendar', 'preferences')", name="purpose"),
        CheckConstraint(
            "purpose = 'preferences' OR (appointment_id IS NOT NULL AND wall_start IS NOT NULL AND "
            "practitioner_id IS NOT NULL)",
            name="visit",
        ),
        Index("ix_link_tokens_notification", "clinic_id", "notification_id"),
        Index("ix_link_tokens_expires", "expires_at"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    notification_id: Mapped[UUID] = mapped_column(Uuid)
    patient_id: Mapped[UUID] = mapped_column(Uuid)
    purpose: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    appointment_id: Mapped[UUID | None] = mapped_column(Uuid)
    about_version: Mapped[int] = mapped_column(default=0)
    wall_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    practitioner_id: Mapped[UUID | None] = mapped_column(Uuid)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    moved_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
