"""The checks of messages about an invoice: that it was paid, stands, or is still to be paid."""

from sqlalchemy import select

from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import QUEUED, SENT
from clinic.notifications.check_types import Check, Stop
from clinic.notifications.models import SENDING, Notification
from clinic.notifications.settings_rules import DAY
from clinic.notifications.subjects import MessageSubject

NOT_PAID = "the invoice is not paid any more"
CANCELLED_INVOICE = "the invoice was cancelled by a credit note"
NOTHING_DUE = "nothing is left to pay of the invoice"
HAS_CREDIT = "the patient’s credit is enough for all that is to pay: use it for the invoice"
NOT_ASKED = "the clinic does not remind of payments so late"
SENT_LATER = "a later reminder of this invoice is due too"


def _not_paid(subject: MessageSubject) -> Stop | None:
    return None if subject.invoice.status == "balanced" else Stop(NOT_PAID)


def _cancelled(subject: MessageSubject) -> Stop | None:
    return Stop(CANCELLED_INVOICE) if subject.invoice.status == "cancelled" else None


def _nothing_due(subject: MessageSubject) -> Stop | None:
    return None if subject.invoice.status == "issued" else Stop(NOTHING_DUE)


def _has_credit(subject: MessageSubject) -> Stop | None:
    """Stop if the account has nothing to pay, as a statement of it would say."""
    due, credit = billing_service.account_of(subject.invoice.patient_id)
    is_enough = credit.minor >= due.minor and subject.invoice.currency == due.currency
    return Stop(HAS_CREDIT) if is_enough else None


def _not_asked(subject: MessageSubject) -> Stop | None:
    days = subject.settings.payment_reminder_days
    is_on = bool(days) if subject.row is None else subject.row.offset_minutes in {day * DAY for day in days}
    return None if is_on else Stop(NOT_ASKED)


def _asked_later(subject: MessageSubject) -> Stop | None:
    """Stop a late reminder if a further one is due as well, or was sent."""
    if subject.row is None:
        return None
    further = select(Notification.id).where(
        Notification.kind == subject.row.kind,
        Notification.about_id == subject.about_id,
        Notification.offset_minutes > subject.row.offset_minutes,
        Notification.due_at <= now(),
        Notification.state.in_((QUEUED, SENDING, SENT)),
    )
    return Stop(SENT_LATER) if db.session.scalar(select(further.exists())) else None


_INVOICE = ("See the invoice", "billing.show", "invoice_id")
PAID = Check("paid", "The invoice is paid", _not_paid, *_INVOICE)
STANDING = Check("standing", "The invoice was not cancelled", _cancelled, *_INVOICE)
STILL_DUE = Check("due", "Something is left to pay", _nothing_due, *_INVOICE)
NO_CREDIT = Check("credit", "The patient’s credit is less than what is to pay", _has_credit, *_INVOICE)
ASKS = Check("asks", "The clinic reminds of payments", _not_asked, "Messages settings", "notifications.settings")
LAST_LEVEL = Check("last-level", "No later reminder of this invoice is due", _asked_later)
