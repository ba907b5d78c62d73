"""Lists of invoices in an order, page by page in both directions; other modules reach them through `service.py`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Unpack

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import selectinload

from clinic.billing.invoice_filters import InvoiceFilters, list_conditions
from clinic.billing.models import Invoice
from clinic.core.clock import today
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate_both_ways
from clinic.identity.clinics import clinic_service

_NO_DAY: ColumnElement[date] = literal_column("'9999-12-31'")
"""In lists ordered by a date, drafts come after all others, and so does what has no due date."""

SORTS: Mapping[str, ColumnElement[Any] | None] = {
    "created_at": None,
    "number": func.coalesce(Invoice.number, literal_column("''")),
    "issued_on": func.coalesce(Invoice.issued_on, _NO_DAY),
    "due_on": func.coalesce(Invoice.due_on, _NO_DAY),
    "total": Invoice.total_minor.expression,
    "due": Invoice.total_minor - Invoice.credited_minor - Invoice.written_off_minor - Invoice.paid_minor,
}
"""The orders of a list by name; the id, which comes last in each, is the order in which invoices were made."""

ORDERS = [sign + name for name in SORTS for sign in ("", "-")]
NEWEST = "-created_at"


class InvoiceLists:
    """The lists of invoices of the current clinic."""

    def list(
        self,
        *,
        sort: str = NEWEST,
        limit: int = DEFAULT_LIMIT,
        after: tuple[Any, ...] | None = None,
        whole: bool = True,
        **filters: Unpack[InvoiceFilters],
    ) -> Page[Invoice]:
        """Return invoices in one of `ORDERS`, by default the newest first; `whole` loads lines and payments too."""
        conditions = list_conditions(filters, today(clinic_service.current().zone))
        wanted = select(Invoice)
        if whole:
            wanted = wanted.options(selectinload(Invoice.lines), selectinload(Invoice.allocations))
        order = _columns(sort)
        return paginate_both_ways(wanted, conditions, order, limit=limit, key=after, descending=sort.startswith("-"))


def order_of(sort: str) -> Sequence[ColumnElement[Any]]:
    """Return what one of `ORDERS` orders by."""
    return [one.desc() if sort.startswith("-") else one for one in _columns(sort)]


def _columns(sort: str) -> Sequence[ColumnElement[Any]]:
    column = SORTS[sort.removeprefix("-")]
    return [*([] if column is None else [column]), Invoice.id.expression]
