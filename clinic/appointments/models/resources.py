"""What an appointment needs: a practitioner, a service, a room."""

from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.appointments.rules import COLOURS
from clinic.core.db import Base
from clinic.core.db.mixins import ClinicScoped, VersionMixin


class Practitioner(ClinicScoped, VersionMixin, Base):
    """A practitioner, who has appointments with patients; `member_id` is the staff member who is this person."""

    __tablename__ = "practitioners"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "member_id"),
        ForeignKeyConstraint(["clinic_id", "member_id"], ["memberships.clinic_id", "memberships.member_id"]),
    )

    name: Mapped[str] = mapped_column(String(200))
    speciality: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)


class Room(ClinicScoped, VersionMixin, Base):
    """A room (FHIR Location) in which as many appointments can take place at once as it has places."""

    __tablename__ = "rooms"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "name"),
        CheckConstraint("places BETWEEN 1 AND 100", name="places"),
    )

    name: Mapped[str] = mapped_column(String(100))
    places: Mapped[int] = mapped_column(SmallInteger, default=1)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Service(ClinicScoped, VersionMixin, Base):
    """A service (FHIR HealthcareService): what patients come for.

    `lengths` are minutes, the first is the default; buffers are minutes in which practitioner and room stay free;
    it is bookable from `notice_minutes` after now until `horizon_days` ahead (without a limit if None).
    """

    __tablename__ = "services"
    __table_args__ = (
        UniqueConstraint("clinic_id", "id"),
        UniqueConstraint("clinic_id", "name"),
        CheckConstraint("buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240", name="buffers"),
        CheckConstraint("notice_minutes >= 0 AND horizon_days > 0", name="bookable"),
        CheckConstraint(f"colour IN {COLOURS}", name="colour"),
    )

    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str | None] = mapped_column(String(40))
    lengths: Mapped[list[int]] = mapped_column(JSON)
    buffer_before: Mapped[int] = mapped_column(SmallInteger, default=0)
    buffer_after: Mapped[int] = mapped_column(SmallInteger, default=0)
    notice_minutes: Mapped[int] = mapped_column(Integer, default=0)
    horizon_days: Mapped[int | None] = mapped_column(Integer)
    colour: Mapped[str] = mapped_column(String(10), default=COLOURS[0])
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class ServicePractitioner(ClinicScoped, Base):
    """A practitioner who offers a service."""

    __tablename__ = "service_practitioners"
    __table_args__ = (
        UniqueConstraint("clinic_id", "service_id", "practitioner_id"),
        ForeignKeyConstraint(["clinic_id", "service_id"], ["services.clinic_id", "services.id"]),
        ForeignKeyConstraint(["clinic_id", "practitioner_id"], ["practitioners.clinic_id", "practitioners.id"]),
    )

    service_id: Mapped[UUID] = mapped_column(Uuid)
    practitioner_id: Mapped[UUID] = mapped_column(Uuid)


class ServiceRoom(ClinicScoped, Base):
    """A room in which a service can take place; a service without rooms needs none."""

    __tablename__ = "service_rooms"
    __table_args__ = (
        UniqueConstraint("clinic_id", "service_id", "room_id"),
        ForeignKeyConstraint(["clinic_id", "service_id"], ["services.clinic_id", "services.id"]),
        ForeignKeyConstraint(["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"]),
    )

    service_id: Mapped[UUID] = mapped_column(Uuid)
    room_id: Mapped[UUID] = mapped_column(Uuid)
