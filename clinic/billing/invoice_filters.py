"""The filters of lists of invoices, as conditions of a query."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Case, ColumnElement, and_, case, not_, or_, select, true

from clinic.appointments.service import Appointment
from clinic.billing.models import Allocation, Invoice, InvoiceLine, Payment
from clinic.billing.rules import BALANCED, CANCELLED, ISSUED
from clinic.billing.rules import DRAFT as DRAFTED
from clinic.billing.standings import (
    AGES,
    CREDITED,
    DRAFT,
    OPEN,
    OVERDUE,
    PAID,
    PART_PAID,
    WRITTEN_OFF,
    due_dates,
)
from clinic.core.context import current_actor
from clinic.core.errors import PermissionDenied
from clinic.core.text import fold
from clinic.patients.service import patient_service

_UNPAID_CREDITED = and_(Invoice.written_off_minor == 0, Invoice.credited_minor > 0, Invoice.paid_minor == 0)
_SETTLED = Invoice.status == BALANCED
_STANDINGS: dict[str, ColumnElement[bool]] = {
    DRAFT: Invoice.status == DRAFTED,
    OPEN: Invoice.status == ISSUED,
    PART_PAID: and_(Invoice.status == ISSUED, Invoice.paid_minor > 0),
    PAID: and_(_SETTLED, Invoice.written_off_minor == 0, not_(_UNPAID_CREDITED)),
    CREDITED: or_(Invoice.status == CANCELLED, and_(_SETTLED, _UNPAID_CREDITED)),
    WRITTEN_OFF: and_(_SETTLED, Invoice.written_off_minor > 0),
}


class InvoiceFilters(TypedDict, total=False):
    """Filters of a list of invoices; a missing one, or None, matches every invoice.

    `status` is the stored one. `age` is how long open invoices are overdue. The dates are of issue, the first and the
    last one. `practitioner_id` is that of a visit, `method` that of a payment which pays it. `q` is a part of a number,
    of the patient's name or of the payer's, of which actors who may not see patients can search only numbers.
    """

    status: str | None
    standing: str | None
    age: str | None
    patient_id: UUID | None
    appointment_id: UUID | None
    practitioner_id: UUID | None
    method: str | None
    issued_from: date | None
    issued_until: date | None
    q: str | None


def list_conditions(filters: InvoiceFilters, day: date) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of all filters on a day of the clinic's calendar."""
    found = [*shared_conditions(filters)]
    if standing := filters.get("standing"):
        found.append(standing_condition(standing, day))
    if age := filters.get("age"):
        found += [_STANDINGS[OPEN], age_condition(age, day)]
    return found


def shared_conditions(filters: InvoiceFilters) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of the filters other than standing and age, by which a summary counts."""
    given: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    equal = [
        getattr(Invoice, name) == given[name] for name in ("status", "patient_id", "appointment_id") if name in given
    ]
    conditions: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "issued_from": lambda first: Invoice.issued_on >= first,
        "issued_until": lambda last: Invoice.issued_on <= last,
        "practitioner_id": _of_practitioner,
        "method": _paid_by,
        "q": _text_condition,
    }
    return equal + [condition(given[name]) for name, condition in conditions.items() if name in given]


def standing_condition(standing: str, day: date) -> ColumnElement[bool]:
    """Return the condition of a standing on a day."""
    if standing == OVERDUE:
        return and_(_STANDINGS[OPEN], Invoice.due_on < day)
    return _STANDINGS[standing]


def age_condition(age: str, day: date) -> ColumnElement[bool]:
    """Return the condition of being overdue for a number of days."""
    first, last = due_dates(age, day)
    if last is None:
        return or_(Invoice.due_on.is_(None), Invoice.due_on >= first)
    limits = [Invoice.due_on >= first] if first else []
    return and_(*limits, Invoice.due_on <= last)


def standing_expression() -> Case[str]:
    """Return the standing of a row: open only if nothing is paid, and never overdue."""
    return case(*((_STANDINGS[one], one) for one in (PART_PAID, DRAFT, OPEN, WRITTEN_OFF, CREDITED)), else_=PAID)


def age_expression(day: date) -> Case[str | None]:
    """Return the age of an open row, null of any other."""
    ages = ((and_(_STANDINGS[OPEN], age_condition(age, day)), age) for age in AGES)
    return case(*ages, else_=None)


def _of_practitioner(practitioner_id: UUID) -> ColumnElement[bool]:
    if not current_actor().has_permission("appointments:read"):
        raise PermissionDenied("appointments:read")
    visits = select(Appointment.id).where(Appointment.practitioner_id == practitioner_id)
    of_lines = select(InvoiceLine.invoice_id).where(InvoiceLine.appointment_id.in_(visits))
    return or_(Invoice.appointment_id.in_(visits), Invoice.id.in_(of_lines))


def _paid_by(method: str) -> ColumnElement[bool]:
    uses = select(Allocation.invoice_id).join(Payment, Payment.id == Allocation.payment_id)
    return Invoice.id.in_(uses.where(Payment.method == method, Allocation.amount_minor > Allocation.released_minor))


def _text_condition(text: str) -> ColumnElement[bool]:
    """Return the condition of a search text: one name has all its words. Blank text has none."""
    has_number = Invoice.number.contains(text.strip().upper(), autoescape=True)
    if not text.strip():
        return true()
    if not current_actor().has_permission("patients:read"):
        return has_number
    words = fold(text).split()
    if not words:
        return has_number
    is_payer = and_(*(Invoice.payer_search.contains(word, autoescape=True) for word in words))
    return or_(has_number, Invoice.patient_id.in_(patient_service.ids_of_text(text)), is_payer)
