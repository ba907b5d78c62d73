"""When a clinic reminds its patients, and when it is quiet."""

from uuid import UUID

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKeyConstraint, Integer, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin


class NotificationSettings(ClinicScoped, VersionMixin, Base):
    """The settings of a clinic's messages; a clinic that never changed them has no row.

    `reminder_offsets` are minutes before the visit, `payment_reminder_days` days after an invoice was due.
    `quiet_from` and `quiet_until` are minutes after midnight in the clinic's time zone. `grace_seconds` is None for the
    installation's own.
    """

    __tablename__ = "notification_settings"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id"),
        CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439 AND quiet_from <> quiet_until",
            name="quiet_hours",
        ),
        CheckConstraint("grace_seconds BETWEEN 0 AND 3600", name="grace_seconds"),
    )

    reminder_offsets: Mapped[list[int]] = mapped_column(JSON)
    payment_reminder_days: Mapped[list[int]] = mapped_column(JSON, server_default="[]")
    quiet: Mapped[bool] = mapped_column(Boolean)
    quiet_from: Mapped[int] = mapped_column(Integer)
    quiet_until: Mapped[int] = mapped_column(Integer)
    grace_seconds: Mapped[int | None] = mapped_column(Integer)


class ServiceReminders(ClinicScoped, Base):
    """The reminders of one service instead of the clinic's: minutes before the visit, none if it is empty."""

    __tablename__ = "service_reminders"
    __table_args__ = (
        UniqueConstraint("clinic_id", "service_id"),
        ForeignKeyConstraint(["clinic_id", "service_id"], ["services.clinic_id", "services.id"]),
    )

    service_id: Mapped[UUID] = mapped_column(Uuid)
    offsets: Mapped[list[int]] = mapped_column(JSON)
