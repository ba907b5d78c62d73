"""What invoices and credit notes copy when they are issued, so that they stay as they were printed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date
from sqlalchemy.orm import Mapped, mapped_column

PARTICULARS_CHECKS = (
    CheckConstraint(
        "status = 'draft' OR (billed_to IS NOT NULL AND particulars IS NOT NULL)",
        name="particulars",
    ),
    CheckConstraint("(served_from IS NULL) = (served_until IS NULL) AND served_from <= served_until", name="served"),
    CheckConstraint("due_on >= issued_on", name="due"),
)


class CopiedParticulars:
    """What a document says of patient, seller and payer: `billed_to` is the patient, `particulars` has the others."""

    billed_to: Mapped[dict[str, str | None] | None] = mapped_column(JSON(none_as_null=True), info={"audited": False})
    particulars: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), info={"audited": False})

    @property
    def seller(self) -> Mapping[str, str | None] | None:
        """Name, address, phone, email, tax number, IBAN, BIC and footer of the seller, None while it is a draft."""
        return self.particulars["seller"] if self.particulars else None

    @property
    def billed_payer(self) -> Mapping[str, str | None] | None:
        """Name, address and tax number of the payer, None while it is a draft."""
        return self.particulars["payer"] if self.particulars else None


class IssuedParticulars(CopiedParticulars):
    """The particulars of Directive 2006/112/EC, article 226, beside number, date and lines; none while it is a draft.

    They have the visits besides. The service took place from `served_from` to `served_until`, None if the invoice is
    for no visit. Invoices that were issued before there were payment terms have no `due_on`.
    """

    due_on: Mapped[date | None] = mapped_column(Date)
    served_from: Mapped[date | None] = mapped_column(Date)
    served_until: Mapped[date | None] = mapped_column(Date)

    @property
    def visits(self) -> Sequence[Mapping[str, str]]:
        """Day, local time and practitioner of each visit, the earliest first."""
        return self.particulars["visits"] if self.particulars else ()
