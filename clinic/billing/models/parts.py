"""Invoices that are parts of other ones, for other payers."""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

if TYPE_CHECKING:
    from clinic.billing.models.invoices import Invoice


class PartOfInvoice:
    """An invoice that may have been split off another one, and off which others may have been split."""

    part_of_id: Mapped[UUID | None] = mapped_column(Uuid)

    @declared_attr
    def whole(cls) -> Mapped["Invoice | None"]:  # noqa: N805 - a class attribute
        """Return the invoice that it was split off."""
        return relationship(
            "Invoice", primaryjoin="foreign(Invoice.part_of_id) == remote(Invoice.id)", viewonly=True, uselist=False
        )

    @declared_attr
    def parts(cls) -> Mapped[list["Invoice"]]:  # noqa: N805 - a class attribute
        """Return what was split off it, the first one first."""
        return relationship(
            "Invoice",
            primaryjoin="Invoice.id == foreign(remote(Invoice.part_of_id))",
            viewonly=True,
            uselist=True,
            order_by="Invoice.id",
        )
