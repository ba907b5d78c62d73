"""What an appointment needs: a practitioner, a service, a room."""

from collections.abc import Sequence
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
from sqlalchemy.orm import Mapped, mapped_column, relationship

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

    offered_by: Mapped[list["ServicePractitioner"]] = relationship(
        primaryjoin="Service.id == foreign(ServicePractitioner.service_id)",
        lazy="selectin",
    )
    takes_place_in: Mapped[list["ServiceRoom"]] = relationship(
        primaryjoin="Service.id == foreign(ServiceRoom.service_id)", lazy="selectin"
    )

    @property
    def practitioner_ids(self) -> Sequence[UUID]:
        """The practitioners who offer the service; everyone does if there are none."""
        return sorted(row.practitioner_id for row in self.offered_by)

    @property
    def room_ids(self) -> Sequence[UUID]:
        """The rooms in which the service can take place; empty if it can take place in any room or in none."""
        return sorted(row.room_id for row in self.takes_place_in)

    def is_offered_by(self, practitioner_id: UUID) -> bool:
        """Return whether a practitioner offers the service."""
        return not self.offered_by or practitioner_id in self.practitioner_ids


class ServicePractitioner(ClinicScoped, Base):
    """A practitioner who offers a service; a service without any is offered by everyone."""

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

    room: Mapped[Room] = relationship(
        primaryjoin="foreign(ServiceRoom.room_id) == Room.id", lazy="joined", innerjoin=True, viewonly=True
    )
