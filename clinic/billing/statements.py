"""The account of a patient as a statement; other modules reach it through `service.py`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from clinic.billing.models import InvoiceLine
from clinic.billing.statement_entries import account_entries
from clinic.billing.statement_rules import ENDS_BEFORE, Ages, Ledger, make_ages, make_ledger
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service


@dataclass(frozen=True)
class AccountStatement:
    """The entries of a period, and how the account stands on the day on which it was made.

    `credit` is what is left of payments, `ages` is what is due of all open invoices.
    """

    patient: Patient
    made_on: date
    ledger: Ledger
    ages: Ages
    due: Money
    credit: Money

    @property
    def patient_id(self) -> UUID:
        """The patient whose account it is."""
        return self.patient.id

    @property
    def to_pay(self) -> Money:
        """What is due less the credit, nothing if there is more credit."""
        return Money(max(self.due.minor - self.credit.minor, 0), self.due.currency)


class Statements:
    """The statements of the current clinic."""

    def statement(
        self, patient_id: UUID | str, *, since: date | None = None, until: date | None = None
    ) -> AccountStatement:
        """Return the statement of a patient's account in the clinic's currency, for a period with both its days.

        Without a last day it ends today, or with the last entry if that is later; without a first day it begins with
        the month two months before. Its closing balance is then what is due less the credit.

        :raises PatientNotFound: if no record has that id
        :raises PatientMerged: if the record was merged into another one
        :raises InvalidInput: if the last day is before the first one
        """
        if since and until and until < since:
            raise InvalidInput(ENDS_BEFORE, field="to")
        patient = patient_service.get(patient_id)
        clinic = clinic_service.current()
        on = today(clinic.zone)
        account = account_entries(patient.id, clinic.currency, clinic.zone)
        return AccountStatement(
            patient=patient,
            made_on=on,
            ledger=make_ledger(account.entries, clinic.currency, since=since, until=until, on=on),
            ages=make_ages(account.dues, clinic.currency, on),
            due=Money(sum(minor for _, minor in account.dues), clinic.currency),
            credit=Money(account.credit_minor, clinic.currency),
        )

    def descriptions(self, invoice_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[str]]:
        """Return what the lines of these invoices are for, each text once, in their order; without a query for none."""
        wanted = set(invoice_ids)
        query = select(InvoiceLine.invoice_id, InvoiceLine.description).where(InvoiceLine.invoice_id.in_(wanted))
        found: dict[UUID, list[str]] = defaultdict(list)
        for invoice_id, text in db.session.execute(query.order_by(InvoiceLine.position)) if wanted else ():
            if text not in found[invoice_id]:
                found[invoice_id].append(text)
        return found
