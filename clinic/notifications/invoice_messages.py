"""Sending an invoice by mail to who pays it: at once, and again whenever somebody asks for it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from clinic.billing.service import Invoice, InvoiceNotFound, InvoiceNotIssued, IsOpeningBalance
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.transaction import after_commit, get_for_update
from clinic.core.jobs import wake_worker
from clinic.core.mail.queue import QUEUED
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.models import SENDING, SUPPRESSED, Notification
from clinic.notifications.relevance import explain

KIND = "invoice"


def send_invoice(invoice_id: UUID) -> Notification:
    """Queue the mail of an issued invoice to its payer, and return it; one that waits already is the same one.

    If the payer can't or may not be written to, it is stored with the reason and not sent.

    :raises InvoiceNotFound: if no record has that id
    :raises InvoiceNotIssued: if it is a draft
    :raises IsOpeningBalance: if it is what the patient owed before, of which there is no invoice
    """
    with unit_of_work():
        invoice = get_for_update(Invoice, invoice_id)
        if invoice is None:
            raise InvoiceNotFound
        if invoice.is_draft:
            raise InvoiceNotIssued
        if invoice.is_opening:
            raise IsOpeningBalance
        earlier = _earlier(invoice_id)
        waiting = next((one for one in earlier if one.state in {QUEUED, SENDING}), None)
        return waiting or _queue(invoice, number=len(earlier) + 1)


def _queue(invoice: Invoice, number: int) -> Notification:
    stopped = explain(KIND, invoice.id).stopped
    reason = stopped.reason if stopped and stopped.outcome == "stopped" else None
    message = Notification(
        patient_id=invoice.patient_id,
        kind=KIND,
        about_id=invoice.id,
        about_version=number,
        state=SUPPRESSED if reason else QUEUED,
        reason=reason,
        due_at=now(),
    )
    db.session.add(message)
    db.session.flush()
    if not reason:
        after_commit(wake_worker)
    return message


def _earlier(invoice_id: UUID) -> Sequence[Notification]:
    """Return the mails of an invoice by number; a call or a letter has the number of the mail that it replaces."""
    mails = (Notification.kind == KIND, Notification.about_id == invoice_id, Notification.channel == "email")
    return db.session.scalars(select(Notification).where(*mails).order_by(Notification.about_version)).all()
