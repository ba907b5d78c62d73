"""Recalls of patients."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime
from clinic.patients.recall_rules import OPEN


class Recall(ClinicScoped, VersionMixin, Base):
    """That a patient is to be seen again from a day on: open until it is done, dropped, or booked by an appointment.

    Practitioner and service are names only. `author` is the name, at that time, of who recorded it.
    """

    __tablename__ = "recalls"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        CheckConstraint("state IN ('open', 'done', 'dropped')", name="state"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        Index("ix_recalls_patient", "clinic_id", "patient_id"),
        Index("ix_recalls_due", "clinic_id", "state", "due_on", "id"),
        Index("ix_recalls_appointment", "clinic_id", "appointment_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    due_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200))
    practitioner: Mapped[str | None] = mapped_column(String(200))
    service: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
    author: Mapped[str] = mapped_column(String(200), info={"audited": False})
    recorded_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info={"audited": False})
    closed_by: Mapped[str | None] = mapped_column(String(200), info={"audited": False})
    appointment_id: Mapped[UUID | None] = mapped_column(Uuid)
