"""Write-offs; other modules reach them through `service.py`."""

from uuid import UUID

from clinic.billing.drafts import lock_invoice
from clinic.billing.models import Invoice, WriteOff
from clinic.billing.payment_problems import check_amount_as_shown, check_open, check_version_as_shown
from clinic.billing.rules import BALANCED, NO_REASON
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work


class WriteOffs:
    """The write-offs of the current clinic."""

    def write_off(
        self, invoice_id: UUID | str, *, reason: str, version: int | None = None, amount: Money | None = None
    ) -> Invoice:
        """Write off what is due of an invoice: it is balanced, without an event.

        `version` of the invoice and `amount` are what was shown; None skips the check.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotIssued: if the invoice is a draft
        :raises InvoiceAlreadyPaid: if nothing is due
        :raises InvoiceCancelled: if it is wholly credited
        :raises InvoiceChanged: if the invoice has another version
        :raises AmountChanged: if another amount is due
        :raises InvalidInput: if there is no reason
        """
        if not reason:
            raise InvalidInput(NO_REASON, field="reason")
        with unit_of_work():
            invoice = lock_invoice(invoice_id)
            check_open(invoice)
            check_version_as_shown(invoice, version)
            check_amount_as_shown(invoice.due, amount)
            write_off = WriteOff(amount_minor=invoice.due.minor, reason=reason)
            write_off.invoice = invoice
            invoice.written_off_minor += write_off.amount_minor
            invoice.status = BALANCED
            db.session.add(write_off)
            db.session.flush()
            db.session.refresh(invoice, ["lines", "allocations"])
        return invoice
