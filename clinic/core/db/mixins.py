"""Mixins of models."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, UniqueConstraint, Uuid, event
from sqlalchemy.orm import ColumnProperty, InstrumentedAttribute, Mapped, declared_attr, mapped_column

from clinic.core import tenancy
from clinic.core.clock import now
from clinic.core.db.types import UTCDateTime
from clinic.core.ids import new_id


class UUIDMixin:
    """A row with a time-ordered UUID."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)


@event.listens_for(UUIDMixin, "attribute_instrument", propagate=True)
def read_before_setting(_model: type, _name: str, attribute: InstrumentedAttribute[Any]) -> None:
    """Load an unloaded column before it is set, so that the audit trail has its old value, unless it is not audited."""
    column = attribute.property
    if isinstance(column, ColumnProperty) and column.columns[0].info.get("audited", True):
        event.listen(attribute, "set", _ignore, active_history=True)


def _ignore(*_: object) -> None:
    """Do nothing: a listener with `active_history` makes SQLAlchemy load the old value."""


class VersionMixin:
    """A row with a version that every change increments, so that a stale edit is refused."""

    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, default=now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, default=now, onupdate=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class ClinicScoped(UUIDMixin):
    """A row that belongs to one clinic: queries are filtered by the current clinic, flushes are checked.

    `(clinic_id, id)` is unique, so that references inside a clinic can name both.
    """

    @declared_attr
    def clinic_id(cls) -> Mapped[UUID]:
        """The clinic that owns the row; the current one unless given."""
        return mapped_column(ForeignKey("clinics.id"), nullable=False, default=tenancy.current_clinic_id)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("clinic_id", "id"),)
