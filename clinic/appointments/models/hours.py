"""When practitioners work and the clinic is open; times are minutes since midnight in the clinic's time zone."""

from datetime import date
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKeyConstraint, Index, SmallInteger, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin

_TIMES = "0 <= starts AND starts < ends AND ends <= 1440"
_DAYS = "first_day <= last_day"
_WHOLE_DAYS = "(starts IS NULL) = (ends IS NULL)"


class WeeklyHours(ClinicScoped, Base):
    """A range of a weekday (0 is Monday) in which a practitioner works, or the clinic is open if none is named.

    It holds on days from `valid_from` to `valid_until`, both included; None is no limit.
    """

    __tablename__ = "weekly_hours"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
        ForeignKeyConstraint(["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"]),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(_TIMES, name="times"),
        CheckConstraint("valid_from <= valid_until", name="valid"),
        Index("ix_weekly_hours_practitioner", "clinic_id", "practitioner_id", "weekday", "starts"),
    )

    practitioner_id: Mapped[UUID | None] = mapped_column(Uuid)
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts: Mapped[int] = mapped_column(SmallInteger)
    ends: Mapped[int] = mapped_column(SmallInteger)
    room_id: Mapped[UUID | None] = mapped_column(Uuid)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)


class HoursException(ClinicScoped, VersionMixin, Base):
    """Leave, extra hours, or other hours instead of the weekly ones, of a practitioner on some days.

    Without times it is the whole day, which only leave can be.
    """

    __tablename__ = "hours_exceptions"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
        ForeignKeyConstraint(["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"]),
        CheckConstraint("kind IN ('leave', 'hours', 'extra')", name="kind"),
        CheckConstraint(_DAYS, name="days"),
        CheckConstraint(_TIMES, name="times"),
        CheckConstraint(f"{_WHOLE_DAYS} AND (starts IS NOT NULL OR kind = 'leave')", name="whole_days"),
        Index("ix_hours_exceptions_practitioner", "clinic_id", "practitioner_id", "last_day"),
    )

    practitioner_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(10))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    starts: Mapped[int | None] = mapped_column(SmallInteger)
    ends: Mapped[int | None] = mapped_column(SmallInteger)
    room_id: Mapped[UUID | None] = mapped_column(Uuid)
    note: Mapped[str | None] = mapped_column(String(200))


class Closure(ClinicScoped, VersionMixin, Base):
    """Days, or a time on each of them, when the clinic is closed, or one room; a public holiday keeps its name."""

    __tablename__ = "closures"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"]),
        CheckConstraint(_DAYS, name="days"),
        CheckConstraint(_TIMES, name="times"),
        CheckConstraint(_WHOLE_DAYS, name="whole_days"),
        Index("ix_closures_days", "clinic_id", "last_day"),
    )

    name: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    starts: Mapped[int | None] = mapped_column(SmallInteger)
    ends: Mapped[int | None] = mapped_column(SmallInteger)
    room_id: Mapped[UUID | None] = mapped_column(Uuid)
    holiday: Mapped[bool] = mapped_column(Boolean, default=False)
