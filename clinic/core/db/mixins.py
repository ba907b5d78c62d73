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
    """Let a column that was not read yet be read when it is set: the audit trail says what it was before."""
    if isinstance(attribute.property, ColumnProperty):
        event.listen(attribute, "set", _nothing, active_history=True)


def _nothing(*_: object) -> None:
    """Listen to a column's being set: that somebody does lets SQLAlchemy read what was there."""


class VersionMixin:
    """A row whose changes are counted, so that a stale edit is noticed."""

    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, default=now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, default=now, onupdate=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class ClinicScoped(UUIDMixin):
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
