"""Clinics, accounts, memberships, and the credentials of people and programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.clock import now
from clinic.core.db import Base
from clinic.core.db.mixins import UUIDMixin, VersionMixin
from clinic.core.db.types import UTCDateTime

_SECRET = {"secret": True}
_UNAUDITED = {"audited": False}


class Clinic(UUIDMixin, VersionMixin, Base):
    """A clinic with its time zone, country (ISO 3166), subdivision (ISO 3166-2), currency, locale and session limits.

    Patients read its postal `address` (several lines, without the country), `phone` (RFC 3966) and `email`.

    An appointment that is cancelled less than `late_cancel_hours` before its start is cancelled late;
    `desk_overbooks` lets receptionists overbook.
    """

    __tablename__ = "clinics"
    __table_args__ = (
        CheckConstraint("idle_minutes BETWEEN 1 AND 240", name="idle_minutes"),
        CheckConstraint("absolute_hours BETWEEN 1 AND 24", name="absolute_hours"),
    )

    name: Mapped[str] = mapped_column(String(200), unique=True)
    zone: Mapped[str] = mapped_column(String(64))
    country: Mapped[str | None] = mapped_column(String(2))
    subdivision: Mapped[str | None] = mapped_column(String(3))
    currency: Mapped[str] = mapped_column(String(3))
    locale: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254))
    idle_minutes: Mapped[int] = mapped_column(Integer, default=15)
    absolute_hours: Mapped[int] = mapped_column(Integer, default=12)
    late_cancel_hours: Mapped[int] = mapped_column(Integer, default=24)
    desk_overbooks: Mapped[bool] = mapped_column(Boolean, default=False)

    @property
    def language(self) -> str:
        """The default language of the clinic's mail."""
        return self.locale.partition("_")[0]


class StaffMember(UUIDMixin, VersionMixin, Base):
    """An account of a person, for one clinic or several; `email_key` is the address without regard to case."""

    __tablename__ = "staff_members"

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True, info=_UNAUDITED)
    password_hash: Mapped[str | None] = mapped_column(String(300), info=_SECRET)
    password_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    totp_secret: Mapped[str | None] = mapped_column(String(64), info=_SECRET)
    totp_on: Mapped[bool] = mapped_column(Boolean, default=False)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger, info=_UNAUDITED)
    shortcuts: Mapped[bool] = mapped_column(Boolean, default=True)


class Membership(UUIDMixin, VersionMixin, Base):
    """A staff member's name and role in a clinic, and the permissions of the role that are `denied` to this person."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("clinic_id", "member_id"), Index("ix_memberships_member", "member_id"))

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    denied: Mapped[list[str]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class LoginSession(UUIDMixin, Base):
    """A login session; the browser has the token, this row only its hash.

    `seen_as` is the role that the person previews, if they do.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_member", "member_id", "ended_at"), Index("ix_sign_ins_seen", "seen_at"))
    __audited__ = False

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    second_step_due: Mapped[bool] = mapped_column(Boolean, default=False)
    seen_as: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_because: Mapped[str | None] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))


class RecoveryCode(UUIDMixin, Base):
    """A single-use code that replaces a lost authenticator app."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("member_id", "code_hash"),)
    __audited__ = False

    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    code_hash: Mapped[str] = mapped_column(String(64), info=_SECRET)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StaffMail(UUIDMixin, Base):
    """A mail to a staff member, and the hash of its single-use token, which is generated when it is sent.

    A mail that was requested for an unknown address has no member and is not sent.
    """

    __tablename__ = "staff_letters"
    __table_args__ = (
        CheckConstraint("kind IN ('reset', 'invitation', 'password-changed')", name="kind"),
        Index("ix_staff_letters_due", "state", "due_at"),
    )
    __audited__ = False

    kind: Mapped[str] = mapped_column(String(20))
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_members.id"))
    clinic_id: Mapped[UUID | None] = mapped_column(ForeignKey("clinics.id"))
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ApiKey(UUIDMixin, Base):
    """A program's key to one clinic: shown once, stored as a hash, recognisable by its beginning."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_clinic", "clinic_id"),)

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    label: Mapped[str] = mapped_column(String(100))
    beginning: Mapped[str] = mapped_column(String(12))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, info=_SECRET)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=_UNAUDITED)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SavedForm(UUIDMixin, Base):
    """A form that was sent after the session had ended, stored for half an hour for the same person."""

    __tablename__ = "kept_forms"
    __table_args__ = (Index("ix_kept_forms_created", "created_at"),)
    __audited__ = False

    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"))
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    address: Mapped[str] = mapped_column(String(2000))
    fields: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
