"""What each staff member sees of the schedule."""

from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped


class ScheduleView(ClinicScoped, Base):
    """The practitioners whose days a staff member sees, None for all."""

    __tablename__ = "schedule_views"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("clinic_id", "member_id"),
        ForeignKeyConstraint(["clinic_id", "member_id"], ["memberships.clinic_id", "memberships.member_id"]),
    )

    member_id: Mapped[UUID] = mapped_column(Uuid)
    practitioner_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
