"""Exports of invoices with their totals, one row each; other modules reach them through `service.py`."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Unpack

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from clinic.billing.invoice_filters import InvoiceFilters, list_conditions
from clinic.billing.invoice_list import NEWEST, order_of
from clinic.billing.models import Invoice
from clinic.billing.standings import is_late, standing_key
from clinic.core.audit import EXPORTED, record_act
from clinic.core.clock import today
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service

_BATCH = 500
_NAMES = ("patient", "payer")
AMOUNTS = ("net", "tax", "total", "credited", "written_off", "paid", "due")
COLUMNS = (
    *("number", "standing", "overdue", "patient_number", *_NAMES, "issued_on", "due_on", "currency"),
    *(*AMOUNTS, "id", "patient_id"),
)
_UNRECORDED = {"q", "patient_id"}
"""Filters that the audit trail does not name: a text that may be a name, and the patient, who is the subject."""


class InvoiceExports:
    """The exports of invoices of the current clinic."""

    def export_columns(self) -> Sequence[str]:
        """Return the columns of an export: without names for actors who may not see patients."""
        sees_names = current_actor().has_permission("patients:read")
        return [column for column in COLUMNS if sees_names or column not in _NAMES]

    def export(self, *, sort: str = NEWEST, **filters: Unpack[InvoiceFilters]) -> Iterator[dict[str, Any]]:
        """Record an export, and return its rows in one of `ORDERS` by column, read in batches.

        Amounts are decimals with the digits of the currency, dates texts like `2026-11-25`.
        """
        conditions = list_conditions(filters, today(clinic_service.current().zone))
        count = db.session.scalar(select(func.count()).select_from(Invoice).where(*conditions))
        given = {name: value for name, value in filters.items() if value is not None and name not in _UNRECORDED}
        record_act(EXPORTED, Invoice.__tablename__, None, filters.get("patient_id"), count=count, **_as_texts(given))
        wanted = select(Invoice).where(*conditions).options(selectinload(Invoice.lines)).order_by(*order_of(sort))
        return _rows(wanted)


def _as_texts(given: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in given.items()}


def _rows(wanted: Any) -> Iterator[dict[str, Any]]:
    day = today(clinic_service.current().zone)
    for batch in db.session.scalars(wanted.execution_options(yield_per=_BATCH)).partitions():
        patients = patient_service.get_many({invoice.patient_id for invoice in batch})
        for invoice in batch:
            yield _row(invoice, patients[invoice.patient_id]) | {
                "overdue": "yes" if invoice.is_open and is_late(invoice.due_on, day) else "no"
            }


def _row(invoice: Invoice, patient: Patient) -> dict[str, Any]:
    totals = invoice.totals
    amounts: dict[str, Money] = {name: getattr(invoice, name) for name in AMOUNTS if name not in {"net", "tax"}}
    amounts |= {"net": totals.net, "tax": totals.tax}
    return {
        "number": invoice.number,
        "standing": standing_key(invoice.standing),
        "patient_number": patient.mrn,
        "patient": patient.full_name,
        "payer": invoice.payer_text(invoice.billed_payer),
        "issued_on": invoice.issued_on.isoformat() if invoice.issued_on else None,
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
        "currency": invoice.currency,
        **{name: Decimal(amount.amount) for name, amount in amounts.items()},
        "id": str(invoice.id),
        "patient_id": str(invoice.patient_id),
    }
