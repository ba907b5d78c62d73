"""The patient."""

from datetime import date
from uuid import UUID

from sqlalchemy import (
    JSON,
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
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin
from clinic.patients.models.details import ADDRESS, EMAIL, FORMER_NAME, IDENTIFIER, PHONE, PatientDetail
from clinic.patients.rules import ACTIVE, ARCHIVED, sex_label

BYTEWISE = String(300, collation="C").with_variant(String(300), "sqlite")
"""Collation by bytes on both databases."""


class Patient(ClinicScoped, VersionMixin, Base):
    """A patient of a clinic, with the phone, email and address that are in use; `details` has further ones."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "mrn", name="uq_patients_mrn"),
        CheckConstraint("family_name IS NOT NULL OR given_name IS NOT NULL", name="named"),
        CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name="sex"),
        CheckConstraint("(estimated_age IS NULL) = (age_on IS NULL)", name="age_on_a_day"),
        CheckConstraint("birth_date IS NULL OR estimated_age IS NULL", name="birth_date_or_age"),
        CheckConstraint("state IN ('active', 'archived', 'merged')", name="state"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        ForeignKeyConstraint(["clinic_id", "merged_into_id"], ["patients.clinic_id", "patients.id"]),
        Index("ix_patients_merged_into", "clinic_id", "merged_into_id"),
        Index("ix_patients_name", "clinic_id", "sort_name", "id"),
        Index("ix_patients_updated", "clinic_id", "updated_at", "id"),
        Index("ix_patients_state", "clinic_id", "state", "sort_name", "id"),
        Index(
            "ix_patients_deceased",
            "clinic_id",
            "sort_name",
            "id",
            postgresql_where=column("deceased_on").is_not(None),
            sqlite_where=column("deceased_on").is_not(None),
        ),
    )

    mrn: Mapped[str] = mapped_column(String(20))
    family_name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    preferred_name: Mapped[str | None] = mapped_column(String(200))
    birth_date: Mapped[str | None] = mapped_column(String(10))
    estimated_age: Mapped[int | None] = mapped_column(Integer)
    age_on: Mapped[date | None] = mapped_column(Date)
    sex: Mapped[str] = mapped_column(String(10), default="unknown")
    pronouns: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254))
    email_use: Mapped[str | None] = mapped_column(String(10))
    phone: Mapped[str | None] = mapped_column(String(50))
    phone_use: Mapped[str | None] = mapped_column(String(10))
    address: Mapped[str | None] = mapped_column(Text)
    address_use: Mapped[str | None] = mapped_column(String(10))
    language: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(10), default=ACTIVE, server_default=ACTIVE)
    merged_into_id: Mapped[UUID | None] = mapped_column(Uuid)
    merged_ids: Mapped[list[str] | None] = mapped_column(JSON, info={"audited": False})
    deceased_on: Mapped[date | None] = mapped_column(Date)
    sort_name: Mapped[str] = mapped_column(BYTEWISE, info={"audited": False})

    details: Mapped[list[PatientDetail]] = relationship(
        primaryjoin="Patient.id == foreign(PatientDetail.patient_id)",
        order_by="(PatientDetail.kind, PatientDetail.position)",
        cascade="save-update, merge",
    )

    @property
    def patient_id(self) -> UUID:
        """The patient to whom the audit trail assigns this row."""
        return self.id

    @property
    def record_ids(self) -> list[UUID]:
        """The ids of the record, and of all that were merged into it: the audit trail and the events name each."""
        return [self.id, *map(UUID, self.merged_ids or ())]

    @property
    def is_archived(self) -> bool:
        """Whether the record is archived."""
        return self.state == ARCHIVED

    @property
    def full_name(self) -> str:
        """The name as typed, in plain text: `Pereira, Inês`; pages set off the family name by weight."""
        return ", ".join(part for part in (self.family_name, self.given_name) if part)

    @property
    def sex_label(self) -> str:
        """The label of the sex recorded for care."""
        return sex_label(self.sex)

    @property
    def calling_name(self) -> str:
        """The name used in messages to the patient."""
        return self.preferred_name or " ".join(part for part in (self.given_name, self.family_name) if part)

    def details_of(self, kind: str) -> list[PatientDetail]:
        """Return one of the patient's lists, in its order."""
        return sorted((one for one in self.details if one.kind == kind), key=lambda one: one.position)

    @property
    def former_names(self) -> list[PatientDetail]:
        """The names that the patient had before."""
        return self.details_of(FORMER_NAME)

    @property
    def other_phones(self) -> list[PatientDetail]:
        """Phones beside the one that is used."""
        return self.details_of(PHONE)

    @property
    def other_emails(self) -> list[PatientDetail]:
        """Emails beside the one that is used."""
        return self.details_of(EMAIL)

    @property
    def other_addresses(self) -> list[PatientDetail]:
        """Addresses beside the one that is used."""
        return self.details_of(ADDRESS)

    @property
    def identifiers(self) -> list[PatientDetail]:
        """Numbers by which others know the patient."""
        return self.details_of(IDENTIFIER)

    @property
    def phones(self) -> list[str]:
        """All phone numbers, the one that is used first."""
        return [*filter(None, (self.phone, *(one.value for one in self.other_phones)))]

    @property
    def emails(self) -> list[str]:
        """All email addresses, the one that is used first."""
        return [*filter(None, (self.email, *(one.value for one in self.other_emails)))]
