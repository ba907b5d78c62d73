"""Patients, their search words and their answers about consent."""

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
    Text,
    UniqueConstraint,
    Uuid,
    column,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime
from clinic.patients.rules import sex_label

_BYTEWISE = String(300, collation="C").with_variant(String(300), "sqlite")
"""Collation by bytes on both databases, so that a range predicate finds prefixes."""


class Patient(ClinicScoped, VersionMixin, Base):
    """A patient of a clinic."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "mrn", name="uq_patients_mrn"),
        CheckConstraint("family_name IS NOT NULL OR given_name IS NOT NULL", name="named"),
        CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name="sex"),
    )

    mrn: Mapped[str] = mapped_column(String(20))
    family_name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    preferred_name: Mapped[str | None] = mapped_column(String(200))
    birth_date: Mapped[str | None] = mapped_column(String(10))
    sex: Mapped[str] = mapped_column(String(10), default="unknown")
    pronouns: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(50))
    address: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    sort_name: Mapped[str] = mapped_column(_BYTEWISE, info={"audited": False})

    @property
    def patient_id(self) -> UUID:
        """The patient to whom the audit trail assigns this row."""
        return self.id

    @property
    def full_name(self) -> str:
        """The name as lists and banners show it: `PEREIRA, Inês`."""
        return ", ".join(part for part in ((self.family_name or "").upper(), self.given_name) if part)

    @property
    def sex_label(self) -> str:
        """The label of the sex recorded for care."""
        return sex_label(self.sex)

    @property
    def calling_name(self) -> str:
        """The name used in messages to the patient."""
        return self.preferred_name or " ".join(part for part in (self.given_name, self.family_name) if part)


class PatientWord(ClinicScoped, Base):
    """A search word of a patient: a part of a name, phone digits or the record number.

    Words of contact details are only searched for actors who may see those.
    """

    __tablename__ = "patient_words"
    __audited__ = False
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        Index("ix_patient_words_word", "clinic_id", "word", "patient_id"),
        Index("ix_patient_words_patient", "clinic_id", "patient_id"),
    )

    word: Mapped[str] = mapped_column(_BYTEWISE)
    is_contact: Mapped[bool] = mapped_column(Boolean, default=False)
    patient_id: Mapped[UUID] = mapped_column(Uuid)


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
    note: Mapped[str | None] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, info={"audited": False})
    recorded_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
    is_current: Mapped[bool] = mapped_column(Boolean, default=True, info={"audited": False})
