"""Keys by which like patients are found, and the pairs of patients who may be one person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    column,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped
from clinic.core.db.types import UTCDateTime

TO_DECIDE, NOT_DUPLICATE = "to-decide", "not-duplicate"


class PatientKey(ClinicScoped, Base):
    """A hash of something that a patient shares with those who may be the same person, like name and year of birth."""

    __tablename__ = "patient_keys"
    __audited__ = False
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        Index("ix_patient_keys_key", "clinic_id", "key", "patient_id"),
        Index("ix_patient_keys_patient", "clinic_id", "patient_id"),
    )

    key: Mapped[int] = mapped_column(BigInteger)
    patient_id: Mapped[UUID] = mapped_column(Uuid)


class DuplicatePair(ClinicScoped, Base):
    """Two patients who may be one person, the one with the smaller id first, and what was decided about them.

    `reasons` are codes; `open_score` is the score of those that have nothing to do with contact details. A decision is
    recorded in the audit trail of both patients by the service.
    """

    __tablename__ = "duplicate_pairs"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "first_id", "second_id", name="uq_duplicate_pairs_pair"),
        ForeignKeyConstraint(["clinic_id", "first_id"], ["patients.clinic_id", "patients.id"]),
        ForeignKeyConstraint(["clinic_id", "second_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint("first_id < second_id", name="order"),
        CheckConstraint("state IN ('to-decide', 'not-duplicate')", name="state"),
        Index("ix_duplicate_pairs_state", "clinic_id", "state", "score", "id"),
        Index("ix_duplicate_pairs_open_score", "clinic_id", "state", "open_score", "id"),
        Index("ix_duplicate_pairs_second", "clinic_id", "second_id"),
    )

    first_id: Mapped[UUID] = mapped_column(Uuid)
    second_id: Mapped[UUID] = mapped_column(Uuid)
    score: Mapped[int] = mapped_column(Integer)
    open_score: Mapped[int] = mapped_column(Integer, server_default="0")
    reasons: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(15), default=TO_DECIDE)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(200))

    @property
    def patient_ids(self) -> tuple[UUID, UUID]:
        """The ids of both patients."""
        return self.first_id, self.second_id


class DuplicateCheck(ClinicScoped, Base):
    """A comparison of all patients of a clinic, in batches ordered by id; `last_id` is the last one compared.

    It is finished once `finished_at` is set.
    """

    __tablename__ = "duplicate_checks"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        Index(
            "ix_duplicate_checks_due",
            "clinic_id",
            postgresql_where=column("finished_at").is_(None),
            sqlite_where=column("finished_at").is_(None),
        ),
    )

    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    total: Mapped[int] = mapped_column(Integer)
    checked: Mapped[int] = mapped_column(Integer, default=0)
    last_id: Mapped[UUID | None] = mapped_column(Uuid)
