"""Who pays an invoice, as a draft names them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from clinic.billing.payer_rules import LONGEST_ADDRESS, LONGEST_NAME, LONGEST_TAX_NUMBER, OTHER, RELATED_PERSON

PAYER_CHECKS = (
    CheckConstraint("payer_kind IN ('patient', 'related_person', 'other')", name="payer_kind"),
    CheckConstraint(
        "(COALESCE(payer_kind, '') = 'related_person') = (payer_person_id IS NOT NULL)", name="payer_person"
    ),
    CheckConstraint(
        "(COALESCE(payer_kind, '') = 'other') = (payer_name IS NOT NULL)"
        " AND (payer_name IS NOT NULL OR (payer_address IS NULL AND payer_tax_number IS NULL))",
        name="payer_name",
    ),
)


class ChosenPayer:
    """The patient, a related person, or somebody else by name, maybe with address and tax number.

    `payer_search` is the folded name of a payer other than the patient, and once issued of any.
    """

    payer_kind: Mapped[str | None] = mapped_column(String(20))
    payer_person_id: Mapped[UUID | None] = mapped_column(Uuid)
    payer_name: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    payer_address: Mapped[str | None] = mapped_column(String(LONGEST_ADDRESS))
    payer_tax_number: Mapped[str | None] = mapped_column(String(LONGEST_TAX_NUMBER))
    payer_search: Mapped[str | None] = mapped_column(String(300), info={"audited": False})

    @property
    def payer(self) -> dict[str, Any] | None:
        """Who pays: the kind, and the id of a related person or what was typed; None if nobody was chosen."""
        if self.payer_kind is None:
            return None
        return {
            "kind": self.payer_kind,
            "related_person_id": self.payer_person_id,
            "name": self.payer_name,
            "address": self.payer_address,
            "tax_number": self.payer_tax_number,
        }

    def payer_text(self, printed: Mapping[str, str | None] | None) -> str | None:
        """Return the name of the payer: as printed, or as typed into a draft."""
        names = printed or {"name": self.payer_name}
        return " ".join(name for one in ("name", "given_name", "family_name") if (name := names.get(one))) or None

    def other_payer_text(self, printed: Mapping[str, str | None] | None) -> str | None:
        """Return the name of a payer who is not the patient, None if it is the patient."""
        return self.payer_text(printed) if self.payer_kind in {RELATED_PERSON, OTHER} else None
