"""What billing adds to the list of patients: the filter by balance, and the amount due."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from clinic.billing.models import Invoice
from clinic.billing.rules import ISSUED
from clinic.billing.service import billing_service
from clinic.core.context import current_actor
from clinic.core.subject_lists import ListBadges, ListColumn, ListFilter, SubjectSet
from clinic.identity.clinics import clinic_service

PERMISSION = "invoices:read"


def _with_balance(_value: str) -> SubjectSet:
    """Return the patients with an unpaid invoice."""
    return SubjectSet(select(Invoice.patient_id).where(Invoice.status == ISSUED))


FILTERS = (
    ListFilter(
        "balance",
        "Balance",
        {"due": ("Something to pay", "with something to pay")},
        PERMISSION,
        _with_balance,
        order=10,
    ),
)


def badges(patient_ids: Sequence[UUID]) -> ListBadges:
    """Return the amount due of each patient who has one, to those who may see balances."""
    if not current_actor().has_permission(PERMISSION):
        return ListBadges()
    locale = clinic_service.current().locale
    due = billing_service.balances(patient_ids)
    texts = {patient_id: amount.format(locale) for patient_id, amount in due.items()}
    return ListBadges([ListColumn("To pay", texts, numeric=True)])
