"""What a patient may have several of: former names, further phones, emails and addresses, and identifiers."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped

FORMER_NAME, PHONE, EMAIL, ADDRESS, IDENTIFIER = "former-name", "phone", "email", "address", "identifier"


class PatientDetail(ClinicScoped, Base):
    """A former name, a further phone, email or address, or an identifier of a patient, at a position in its list.

    A former name ended at `until`, maybe only a year. What has a `value` is an identifier of a `type` and an `issuer`,
    or a way to reach the patient, with the `use` and the period of FHIR's ContactPoint. The one table has all of a
    patient's lists, so that they are read in one query.
    """

    __tablename__ = "patient_details"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"]),
        CheckConstraint(f"kind IN ('{FORMER_NAME}', '{PHONE}', '{EMAIL}', '{ADDRESS}', '{IDENTIFIER}')", name="kind"),
        CheckConstraint(
            f"CASE kind WHEN '{FORMER_NAME}' THEN family_name IS NOT NULL OR given_name IS NOT NULL"
            " ELSE value IS NOT NULL END",
            name="filled",
        ),
        Index("ix_patient_details_patient", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(Integer, info={"audited": False})
    family_name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    until: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    value: Mapped[str | None] = mapped_column(Text)
    use: Mapped[str | None] = mapped_column(String(10))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    type: Mapped[str | None] = mapped_column(String(20))
    issuer: Mapped[str | None] = mapped_column(String(200))
