"""Answers of patients about consent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    column,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime


class ConsentAnswer(ClinicScoped, Base):
    """An answer of a patient about one purpose and channel; a later one replaces it, and it stays as history.

    `change` is the number of the change that recorded it; the answers of a registration have the number 1.
    """

    __tablename__ = "consent_answers"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        UniqueConstraint("clinic_id", "patient_id", "change", "purpose", "channel", name="uq_consent_answers_change"),
        Index(
            "uq_consent_answers_current",
            "clinic_id",
            "patient_id",
            "purpose",
            "channel",
            unique=True,
            postgresql_where=column("is_current"),
            sqlite_where=column("is_current"),
        ),
        Index(
            "ix_consent_answers_refused",
            "clinic_id",
            "purpose",
            "channel",
            "patient_id",
            postgresql_where=column("state").in_(("no", "withdrawn")),
            sqlite_where=column("state").in_(("no", "withdrawn")),
        ),
        CheckConstraint("purpose IN ('care', 'reminders', 'recalls', 'news')", name="purpose"),
        CheckConstraint("channel IN ('email', 'sms', 'phone', 'post')", name="channel"),
        CheckConstraint("state IN ('yes', 'no', 'withdrawn', 'by-registration', 'not-asked')", name="state"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    change: Mapped[int] = mapped_column(Integer, info={"audited": False})
    purpose: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    answered_on: Mapped[date] = mapped_column(Date)
    by_guardian: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    note: Mapped[str | None] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, info={"audited": False})
    recorded_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
    is_current: Mapped[bool] = mapped_column(Boolean, default=True, info={"audited": False})
