"""Merges of two records of one patient."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.core.db.types import UTCDateTime


class PatientMerge(ClinicScoped, VersionMixin, Base):
    """A record that was merged into another one, with what that has changed, so that it can be undone.

    `counts` are the moved rows by label, `changes` all changed ones.
    """

    __tablename__ = "patient_merges"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        ForeignKeyConstraint(["clinic_id", "survivor_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "merged_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint("survivor_id <> merged_id", name="two"),
        CheckConstraint("(unmerged_at IS NULL) = (unmerged_by IS NULL)", name="unmerged"),
        Index("ix_patient_merges_survivor", "clinic_id", "survivor_id", "id"),
        Index("ix_patient_merges_merged", "clinic_id", "merged_id", "id"),
    )

    survivor_id: Mapped[UUID] = mapped_column(Uuid)
    merged_id: Mapped[UUID] = mapped_column(Uuid)
    merged_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    merged_by: Mapped[str] = mapped_column(String(200), info={"audited": False})
    counts: Mapped[dict[str, int]] = mapped_column(JSON, info={"audited": False})
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, info={"audited": False})
    unmerged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    unmerged_by: Mapped[str | None] = mapped_column(String(200), info={"audited": False})

    @property
    def patient_id(self) -> UUID:
        """The patient to whom the audit trail assigns this row."""
        return self.survivor_id
