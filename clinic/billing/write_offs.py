"""Write-offs; other modules reach them through `service.py`."""

from collections.abc import Iterable
from uuid import UUID

from clinic.billing.drafts import lock_invoice
from clinic.billing.models import Invoice, WriteOff
from clinic.billing.opening_balances import OpeningBalanceReversed
from clinic.billing.payment_problems import check_amount_as_shown, check_open, check_version_as_shown
from clinic.billing.payment_queries import PaymentQueries
from clinic.billing.rules import BALANCED, CANCELLED, ISSUED, NO_REASON
from clinic.core.db import db
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work


class WriteOffUndone(Conflict):
    """A write-off is undone once, and what undoes it is none."""

    code = "write-off-undone"

    def __init__(self) -> None:
        super().__init__("This write-off has been undone already")


class WriteOffs(PaymentQueries):
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
            _store(WriteOff(amount_minor=invoice.due.minor, reason=reason), invoice, BALANCED)
        return invoice

    def undo_write_off(self, write_off_id: UUID | str, *, reason: str) -> WriteOff:
        """Undo a write-off that was a mistake: another row says so, and what it wrote off is due again.

        :raises WriteOffNotFound: if no record has that id
        :raises WriteOffUndone: if it has been undone, or undoes another one itself
        :raises OpeningBalanceReversed: if it reversed an opening balance, which is entered anew instead
        :raises InvalidInput: if there is no reason
        """
        if not reason:
            raise InvalidInput(NO_REASON, field="reason")
        with unit_of_work():
            found = self.get_write_off(write_off_id)
            invoice = lock_invoice(found.invoice_id)
            if found.undoes_id or is_undone(found, self.write_offs_of(invoice.id)):
                raise WriteOffUndone
            if invoice.is_opening and invoice.status == CANCELLED:
                raise OpeningBalanceReversed
            undoing = WriteOff(amount_minor=-found.amount_minor, reason=reason, undoes_id=found.id)
            _store(undoing, invoice, ISSUED)
        return undoing


def is_undone(write_off: WriteOff, of_invoice: Iterable[WriteOff]) -> bool:
    """Return whether another row of its invoice undoes a write-off."""
    return any(one.undoes_id == write_off.id for one in of_invoice)


def _store(write_off: WriteOff, invoice: Invoice, status: str) -> None:
    """Store a row of a locked invoice, which has the status from then on."""
    write_off.invoice = invoice
    invoice.written_off_minor += write_off.amount_minor
    invoice.status = status
    db.session.add(write_off)
    db.session.flush()
    db.session.refresh(invoice, ["lines", "allocations"])
