"""Column types and mixins that every model uses."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect, ForeignKey, Integer, UniqueConstraint, Uuid, event
from sqlalchemy.orm import ColumnProperty, InstrumentedAttribute, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from clinic.core import tenancy
from clinic.core.clock import now
from clinic.core.ids import new_id


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which knows no zones, keeps it as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store an aware instant in UTC.

        :raises ValueError: if the instant has no zone
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone can't be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read an instant as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Identified:
    """A row with a time-ordered UUID."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)


@event.listens_for(Identified, "attribute_instrument", propagate=True)
def read_before_setting(_model: type, _name: str, attribute: InstrumentedAttribute[Any]) -> None:
    """Let a column that was not read yet be read when it is set: the audit trail says what it was before."""
    if isinstance(attribute.property, ColumnProperty):
        event.listen(attribute, "set", _nothing, active_history=True)


def _nothing(*_: object) -> None:
    """Listen to a column's being set: that somebody does lets SQLAlchemy read what was there."""


class Versioned:
    """A row whose changes are counted, so that a stale edit is noticed."""

    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, nullable=False, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, nullable=False, default=now, onupdate=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class ClinicOwned(Identified):
    """A row of one clinic's own: every query is filtered by the clinic in force, every flush checked.

    `(clinic_id, id)` is unique, so that references inside a clinic can name both.
    """

    @declared_attr
    def clinic_id(cls) -> Mapped[UUID]:
        """The clinic that owns the row; the one in force unless given."""
        return mapped_column(ForeignKey("clinics.id"), nullable=False, default=tenancy.current_clinic_id)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("clinic_id", "id"),)
