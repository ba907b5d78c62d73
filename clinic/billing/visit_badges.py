"""What billing adds to the schedule: which visits that took place are still to be paid."""

from collections.abc import Sequence
from uuid import UUID

from clinic.billing.service import billing_service
from clinic.core.context import current_actor
from clinic.core.subject_lists import ListBadges
from clinic.identity.clinics import clinic_service

PAGE = "appointments.index"


def badges(appointment_ids: Sequence[UUID]) -> ListBadges:
    """Return what is to pay of each visit with an open invoice, to those who may see invoices."""
    if not current_actor().has_permission("invoices:read"):
        return ListBadges()
    locale = clinic_service.current().locale
    due = billing_service.due_of_visits(appointment_ids)
    texts = {one: " + ".join(amount.format(locale) for amount in amounts) for one, amounts in due.items()}
    return ListBadges(flags={one: [(f"{text} to pay", "warn", None)] for one, text in texts.items()})
