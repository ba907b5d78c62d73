"""The table of calls to patients about their appointments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime

WILL_COME, CANT_COME, NO_ANSWER = "will-come", "cant-come", "no-answer"

RESULT_LABELS = {WILL_COME: "Will come", CANT_COME: "Can’t come", NO_ANSWER: "No answer"}

RESULTS = tuple(RESULT_LABELS)


class Call(ClinicScoped, Base):
    """A call to a patient about an appointment, with its result; one without an answer is made again."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "appointment_id"], ["appointments.clinic_id", "appointments.id"]),
        CheckConstraint("result IN ('will-come', 'cant-come', 'no-answer')", name="result"),
        Index("ix_calls_appointment", "clinic_id", "appointment_id", "made_at"),
        Index("ix_calls_made", "clinic_id", "made_at"),
        Index("ix_calls_patient", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    appointment_id: Mapped[UUID] = mapped_column(Uuid)
    result: Mapped[str] = mapped_column(String(12))
    note: Mapped[str | None] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    made_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
