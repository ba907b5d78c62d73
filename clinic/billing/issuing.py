"""Issuing a draft: its number and date, and the particulars that stay; other modules reach it through `service.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from clinic.billing.drafts import load_whole, lock_draft_and_patient
from clinic.billing.issue_rules import missing_particulars, needs_confirmation, payer_refused, too_early, unconfirmed
from clinic.billing.models import BillingSettings, Invoice
from clinic.billing.particulars import Particulars, copy_particulars, payer_particulars, seller_particulars
from clinic.billing.payers import (
    PayerChoice,
    chosen_payer,
    default_payer,
    payer_choices,
    payer_problem,
    set_payer,
)
from clinic.billing.rules import BALANCED, BILL, ISSUED, NO_LINE
from clinic.billing.settings import billing_settings_service
from clinic.billing.settings_rules import invoice_number
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.db.sequences import next_number
from clinic.core.errors import Conflict, InvalidInput
from clinic.core.events import event_bus
from clinic.core.events.types import declare_event
from clinic.core.unit_of_work import set_event_subject, unit_of_work
from clinic.identity.clinics import clinic_service

INVOICE_ISSUED = declare_event(
    "invoice.issued",
    "invoice_id",
    published_by="BillingService.issue",
    when="a draft got its number and date",
)


class InvoiceIncomplete(Conflict):
    """A draft lacks something without which it can't be issued; the details have all `reasons`."""

    code = "invoice-incomplete"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(". ".join(reasons), details={"reasons": list(reasons)})
        self.reasons = reasons


class DateNotConfirmed(Conflict):
    """A date of issue is far from that of the newest invoice and has to be confirmed; the details have both dates."""

    code = "date-not-confirmed"

    def __init__(self, day: date, newest: date | None) -> None:
        known = {"issued_on": day.isoformat(), "newest_issued_on": newest.isoformat() if newest else None}
        super().__init__(unconfirmed(day, newest), details=known)


@dataclass(frozen=True)
class IssueTerms:
    """With what a draft would be issued now: dates, seller and payer.

    `question` is why the date has to be confirmed, `reasons` are why it can't be issued.
    """

    day: date
    due_on: date
    question: str | None
    seller: Particulars
    payer: Particulars
    reasons: Sequence[str]


class Issuing:
    """The issuing of drafts of the current clinic."""

    def issue(
        self,
        invoice_id: UUID | str,
        *,
        version: int | None = None,
        issued_on: date | None = None,
        confirm_date: bool = False,
    ) -> Invoice:
        """Give a draft its number and date, copy its particulars, and publish `invoice.issued`.

        The date is today unless given, or that of the newest invoice if that is later. `confirm_date` accepts one
        that is more than a day after it. `version` is the one that was shown, None skips the check. An invoice with a
        total of zero is settled at once.

        :raises InvoiceNotFound: if no record has that id
        :raises InvoiceNotDraft: if it has been issued
        :raises StaleVersion: if the invoice has another version
        :raises InvoiceIncomplete: with every reason why it can't be issued
        :raises InvalidInput: if the date is before that of the newest invoice
        :raises DateNotConfirmed: if the date has to be confirmed
        """
        with unit_of_work():
            patient, invoice = lock_draft_and_patient(invoice_id, version)
            clinic_service.lock()
            settings = billing_settings_service.current()
            seller, payer, reasons = _particulars(invoice, payer_choices(patient), settings)
            if reasons:
                raise InvoiceIncomplete(reasons)
            day = _checked_day(issued_on, confirm_date)
            number = invoice_number(settings.number_pattern, day.year, next_number(f"invoice:{day.year}"))
            with db.session.no_autoflush:
                if invoice.payer_kind is None:
                    set_payer(invoice, patient, None)
                copy_particulars(invoice, patient, seller, payer)
            invoice.number, invoice.issued_on = number, day
            invoice.due_on = day + timedelta(days=settings.payment_days)
            invoice.status = ISSUED if invoice.total_minor else BALANCED
            load_whole(invoice)
            set_event_subject(invoice.patient_id, invoice.version)
            event_bus.publish(INVOICE_ISSUED.name, {"invoice_id": str(invoice.id)})
        return invoice

    def issue_terms(self, invoice: Invoice, choices: Sequence[PayerChoice]) -> IssueTerms:
        """Return with what a draft would be issued now; `choices` are who could pay for its patient."""
        settings = billing_settings_service.current()
        present, newest = today(clinic_service.current().zone), _newest_day()
        day = max(present, newest or present)
        question = unconfirmed(day, newest) if needs_confirmation(day, newest, present) else None
        due_on = day + timedelta(days=settings.payment_days)
        return IssueTerms(day, due_on, question, *_particulars(invoice, choices, settings))


def _particulars(
    invoice: Invoice, choices: Sequence[PayerChoice], settings: BillingSettings
) -> tuple[Particulars, Particulars, list[str]]:
    """Return seller and payer of a draft, and everything for which it can't be issued."""
    choice = chosen_payer(invoice, choices) if invoice.payer_kind else default_payer(choices)
    seller, payer = seller_particulars(settings), payer_particulars(invoice, choice)
    reasons = [] if invoice.lines else [NO_LINE]
    if problem := payer_problem(invoice, choices):
        reasons.append(payer_refused(problem))
    return seller, payer, reasons + missing_particulars(seller, payer, invoice.totals)


def _checked_day(given: date | None, confirmed: bool) -> date:
    """Return the date of issue; the clinic is locked, so that no other invoice gets one meanwhile."""
    present, newest = today(clinic_service.current().zone), _newest_day()
    day = given or max(present, newest or present)
    if newest and day < newest:
        raise InvalidInput(too_early(newest), field="issued_on")
    if needs_confirmation(day, newest, present) and not confirmed:
        raise DateNotConfirmed(day, newest)
    return day


def _newest_day() -> date | None:
    """Return the date of the newest invoice; none has a later one."""
    return db.session.scalar(select(func.max(Invoice.issued_on)).where(Invoice.kind == BILL))
