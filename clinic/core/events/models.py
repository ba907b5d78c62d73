"""Tables of the events stored with their changes, and of their deliveries to each handler."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import UUIDMixin
from clinic.core.db.types import UTCDateTime
from clinic.core.events.context import EventEnvelope

PENDING, RETRYING, DELIVERED, DEAD, DISCARDED = "pending", "retrying", "delivered", "dead", "discarded"
STATES = (PENDING, RETRYING, DELIVERED, DEAD, DISCARDED)
OPEN = (PENDING, RETRYING)


class StoredEvent(UUIDMixin, Base):
    """An event with its envelope: clinic, actor, request, and the record that it concerns."""

    __tablename__ = "events"
    __audited__ = False

    type: Mapped[str] = mapped_column(String(100), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    clinic_id: Mapped[UUID | None] = mapped_column(ForeignKey("clinics.id"), index=True)
    actor: Mapped[str] = mapped_column(String(200))
    request_id: Mapped[str] = mapped_column(String(64))
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    depth: Mapped[int] = mapped_column(Integer)
    subject_id: Mapped[UUID | None] = mapped_column("patient_id", Uuid, index=True)
    subject_version: Mapped[int | None] = mapped_column(Integer)

    @property
    def envelope(self) -> EventEnvelope:
        """The event without its data, as its handlers see it."""
        return EventEnvelope(self.type, self.id, self.occurred_at, self.subject_id, self.subject_version)


class Delivery(UUIDMixin, Base):
    """The delivery of one event to one handler: its state, its attempts and the last error."""

    __tablename__ = "deliveries"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("event_id", "handler"),
        CheckConstraint("state IN ('pending', 'retrying', 'delivered', 'dead', 'discarded')", name="state"),
        Index("ix_deliveries_due", "state", "next_attempt_at"),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    handler: Mapped[str] = mapped_column(String(300))
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20), default=PENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    next_attempt_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    lease: Mapped[UUID | None] = mapped_column(Uuid)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(String(200))
    last_frames: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
