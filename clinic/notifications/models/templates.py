"""A clinic's own texts of messages, the kinds that it has switched off, and test mails of texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime


class MessageTemplate(ClinicScoped, VersionMixin, Base):
    """A clinic's own text of a kind of message by a channel in a language; the default is used unless it is `in_use`.

    Subject and text have placeholders of their kind, which are checked when they are saved.
    """

    __tablename__ = "message_templates"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "kind", "channel", "language", name="uq_message_templates_text"),
    )

    kind: Mapped[str] = mapped_column(String(30))
    channel: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    in_use: Mapped[bool] = mapped_column(Boolean, default=True)


class MessageKindSetting(ClinicScoped, VersionMixin, Base):
    """Whether a clinic sends a kind of message; it does unless there is a row that says otherwise."""

    __tablename__ = "message_kind_settings"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "kind", name="uq_message_kind_settings_kind"),
    )

    kind: Mapped[str] = mapped_column(String(30))
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)


class TestMail(ClinicScoped, Base):
    """A written message that a staff member sends to the own address; it is deleted once it is sent or given up."""

    __tablename__ = "test_mails"
    __audited__ = False
    __test__ = False
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed', 'unknown')", name="state"),
        Index("ix_test_mails_due", "clinic_id", "state", "due_at"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    lease: Mapped[UUID | None] = mapped_column(Uuid)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
