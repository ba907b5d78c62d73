"""Notes of the desk about patients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime


class PatientNote(ClinicScoped, VersionMixin, Base):
    """A note of the desk about a patient; an alert is one that is shown on opening the record and on booking.

    It is ended, never deleted. `author` is the name, at that time, of who recorded it.
    """

    __tablename__ = "patient_notes"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint("kind IN ('note', 'alert')", name="kind"),
        Index("ix_patient_notes_patient", "clinic_id", "patient_id", "id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(String(1000))
    author: Mapped[str] = mapped_column(String(200), info={"audited": False})
    recorded_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(200), info={"audited": False})
