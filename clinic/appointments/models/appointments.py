"""Appointments, and what happened to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.appointments.rules import ACTIVE
from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime


class Appointment(ClinicScoped, VersionMixin, Base):
    """An appointment of a patient with a practitioner, maybe for a service and in a place of a room.

    Database constraints prevent overlapping active appointments: of a patient between start and end, of a practitioner
    and of a room's place from `blocked_from` to `blocked_until`, which include the buffers, in each `lane`. An
    appointment in a lane above 0 is overbooked. `confirmed_at` is when the patient said that they come. `wall_start`
    is the start in the clinic's time zone then, `zone`.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
        ForeignKeyConstraint(["clinic_id", "service_id"], ["services.clinic_id", "services.id"]),
        ForeignKeyConstraint(["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"]),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("blocked_from <= starts_at AND blocked_until >= ends_at", name="blocked"),
        CheckConstraint("(room_id IS NULL) = (place IS NULL) AND place >= 0 AND lane >= 0", name="place"),
        CheckConstraint(
            "status IN ('pending', 'waitlist', 'booked', 'arrived', 'checked-in', 'fulfilled', 'cancelled', "
            "'noshow', 'entered-in-error')",
            name="status",
        ),
        CheckConstraint("cancel_reason IN ('patient', 'practitioner', 'clinic', 'other')", name="cancel_reason"),
        Index("ix_appointments_practitioner", "clinic_id", "practitioner_id", "starts_at"),
        Index("ix_appointments_patient", "clinic_id", "patient_id", "starts_at"),
        Index("ix_appointments_room", "clinic_id", "room_id", "starts_at"),
        Index("ix_appointments_start", "clinic_id", "starts_at", "id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    practitioner_id: Mapped[UUID] = mapped_column(Uuid)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    wall_start: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    zone: Mapped[str] = mapped_column(String(64))
    service_id: Mapped[UUID | None] = mapped_column(Uuid)
    room_id: Mapped[UUID | None] = mapped_column(Uuid)
    place: Mapped[int | None] = mapped_column(SmallInteger)
    lane: Mapped[int] = mapped_column(SmallInteger, default=0)
    blocked_from: Mapped[datetime] = mapped_column(UTCDateTime)
    blocked_until: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(1000))
    overbook_reason: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20), default="booked")
    cancel_reason: Mapped[str | None] = mapped_column(String(20))
    cancel_note: Mapped[str | None] = mapped_column(String(200))
    late: Mapped[bool] = mapped_column(Boolean, default=False)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def is_active(self) -> bool:
        """Whether the appointment occupies its time."""
        return self.status in ACTIVE

    @property
    def minutes(self) -> int:
        """The length of the appointment."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


class AppointmentHistory(ClinicScoped, Base):
    """One change of an appointment: what was done, by whom, when it happened and when it was recorded.

    `before` holds the columns that a move or a cancellation changed, with their values before it, for an undo.
    """

    __tablename__ = "appointment_history"
    __audited__ = False
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        Index("ix_appointment_history_appointment", "clinic_id", "appointment_id", "id"),
    )

    appointment_id: Mapped[UUID] = mapped_column(Uuid)
    action: Mapped[str] = mapped_column(String(20))
    from_status: Mapped[str | None] = mapped_column(String(20))
    to_status: Mapped[str] = mapped_column(String(20))
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    actor: Mapped[str] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
