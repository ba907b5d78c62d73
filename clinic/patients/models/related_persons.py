"""Persons related to patients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime
from clinic.patients.related_rules import ROLES


class RelatedPerson(ClinicScoped, VersionMixin, Base):
    """A contact person, guardian or payer of a patient: another patient, `other_id`, or somebody with a name.

    It is ended, never deleted.
    """

    __tablename__ = "related_persons"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "other_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint("(other_id IS NULL) <> (name IS NULL)", name="person"),
        CheckConstraint("other_id <> patient_id", name="other"),
        CheckConstraint("is_contact OR is_guardian OR is_payer", name="role"),
        Index("ix_related_persons_patient", "clinic_id", "patient_id"),
        Index("ix_related_persons_other", "clinic_id", "other_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    other_id: Mapped[UUID | None] = mapped_column(Uuid)
    name: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254))
    relationship: Mapped[str | None] = mapped_column(String(100))
    is_contact: Mapped[bool] = mapped_column(Boolean, default=False)
    is_guardian: Mapped[bool] = mapped_column(Boolean, default=False)
    is_payer: Mapped[bool] = mapped_column(Boolean, default=False)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(200), info={"audited": False})

    @property
    def roles(self) -> list[str]:
        """What the person is to the patient."""
        return [role for role in ROLES if getattr(self, f"is_{role}")]
