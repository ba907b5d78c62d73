"""Practitioners and their appointments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.appointments.rules import ACTIVE
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime


class Practitioner(ClinicScoped, VersionMixin, Base):
    """A practitioner, who has appointments with patients."""

    __tablename__ = "practitioners"

    name: Mapped[str] = mapped_column(String(200))
    speciality: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Appointment(ClinicScoped, VersionMixin, Base):
    """An appointment of a patient with a practitioner.

    Database constraints prevent overlapping active appointments of a practitioner or a patient.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint(
            "status IN ('pending', 'waitlist', 'booked', 'arrived', 'checked-in', 'fulfilled', 'cancelled', "
            "'noshow', 'entered-in-error')",
            name="status",
        ),
        CheckConstraint("cancel_reason IN ('patient', 'practitioner', 'clinic', 'other')", name="cancel_reason"),
        Index("ix_appointments_practitioner", "clinic_id", "practitioner_id", "starts_at"),
        Index("ix_appointments_patient", "clinic_id", "patient_id", "starts_at"),
        Index("ix_appointments_start", "clinic_id", "starts_at", "id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    practitioner_id: Mapped[UUID] = mapped_column(Uuid)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(20), default="booked")
    cancel_reason: Mapped[str | None] = mapped_column(String(20))
    cancel_note: Mapped[str | None] = mapped_column(String(200))

    @property
    def is_active(self) -> bool:
        """Whether the appointment occupies its time."""
        return self.status in ACTIVE

    @property
    def minutes(self) -> int:
        """The length of the appointment."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)
