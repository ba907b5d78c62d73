"""The clinic at the head and the foot of statements and receipts, as its settings of billing have it today."""

from clinic.billing.particulars import Particulars, seller_particulars
from clinic.billing.service import billing_settings_service
from clinic.billing.settings_rules import spaced_iban
from clinic.core.phone_numbers import written_phone


class Letterhead:
    """The clinic as a document names it."""

    def __init__(self, seller: Particulars) -> None:
        self.seller = seller

    @property
    def iban(self) -> str | None:
        """The account for transfers, in groups of four."""
        return spaced_iban(self.seller["iban"]) if self.seller["iban"] else None

    @property
    def phone(self) -> str | None:
        """The phone number as it is written."""
        return written_phone(self.seller["phone"]) if self.seller["phone"] else None


def current_letterhead() -> Letterhead:
    """Return the current clinic as a document names it today."""
    return Letterhead(seller_particulars(billing_settings_service.current()))
