"""What the invoices of a filter come to, by standing and by age; other modules reach it through `service.py`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Unpack

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, literal_column, select, union_all

from clinic.billing.invoice_filters import InvoiceFilters, age_expression, shared_conditions, standing_expression
from clinic.billing.invoice_tallies import Amounts, Tally
from clinic.billing.models import Invoice
from clinic.billing.models.invoices import CORRECTED
from clinic.billing.rules import BALANCED, CANCELLED, ISSUED
from clinic.billing.rules import DRAFT as DRAFTED
from clinic.billing.standings import AGES, CREDITED, DRAFT, NOT_DUE, OPEN, OVERDUE, PAID, STANDINGS
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service

_SUMMED = (Invoice.total_minor, Invoice.credited_minor, Invoice.written_off_minor, Invoice.paid_minor)
_SETTLED = {BALANCED: PAID, CANCELLED: CREDITED}


@dataclass(frozen=True)
class Group:
    """The invoices with a standing, open ones without overdue and part paid, and of an age if they are open."""

    standing: str
    age: str | None
    tally: Tally

    def has(self, standing: str | None, age: str | None) -> bool:
        """Return whether its invoices have a standing and an age; None is any."""
        standings = {None, self.standing}
        if self.age is not None:
            standings |= {OPEN} if self.age == NOT_DUE else {OPEN, OVERDUE}
        return standing in standings and age in {None, self.age}


@dataclass(frozen=True)
class InvoiceSummary:
    """The invoices of a filter on a day, by standing and, of those that are open, by age."""

    day: date
    groups: Sequence[Group]

    def tally(self, standing: str | None = None, age: str | None = None) -> Tally:
        """Return what the invoices of a standing and an age come to; None is any."""
        return _sum(one.tally for one in self.groups if one.has(standing, age))

    @property
    def standings(self) -> Mapping[str, Tally]:
        """What the invoices of each standing come to; those that are overdue or part paid are open too."""
        return {standing: self.tally(standing) for standing in STANDINGS}

    @property
    def ages(self) -> Mapping[str, Tally]:
        """What the open invoices of each age come to."""
        return {age: self.tally(age=age) for age in AGES}

    @property
    def all(self) -> Tally:
        """What all of them come to."""
        return self.tally()


class InvoiceSummaries:
    """The counts and sums of the invoices of the current clinic."""

    def summary(self, **filters: Unpack[InvoiceFilters]) -> InvoiceSummary:
        """Return what the invoices of a filter come to, whatever its standing and age, in one query."""
        day = today(clinic_service.current().zone)
        rows = db.session.execute(_counted(shared_conditions(filters), day)).all()
        own = [_group(row, row.standing) for row in rows if row.part != _SETTLED_PART]
        settled = [_group(row, _SETTLED[row.standing]) for row in rows if row.part == _SETTLED_PART]
        otherwise = _sum(_group(row, row.standing).tally for row in rows if row.part == _OTHERWISE_PART)
        paid = _sum(one.tally for one in settled if one.standing == PAID).without(otherwise)
        credited = [one for one in settled if one.standing == CREDITED]
        return InvoiceSummary(day, [*own, *credited, Group(PAID, None, paid)])


_OPEN_PART, _SETTLED_PART, _OTHERWISE_PART = range(3)
_WAS_BALANCED = func.coalesce(Invoice.status, "") == BALANCED
"""Not a bare comparison: SQLite would read all settled invoices by their status instead of the corrected ones."""


def _counted(conditions: Sequence[ColumnElement[bool]], day: date) -> CompoundSelect[Any]:
    """Select counts and sums in three parts: what is open or a draft, what is settled, and which of that is not paid.

    Of many invoices most are paid: these are counted without a look at how, and the few others are then left out.
    """
    nothing: Any = literal_column("NULL").label("age")
    standing = standing_expression().label("standing")
    is_open, is_settled = Invoice.status.in_((DRAFTED, ISSUED)), Invoice.status.in_((BALANCED, CANCELLED))
    parts: Sequence[Select[Any]] = [
        _part(_OPEN_PART, standing, age_expression(day).label("age"))
        .where(is_open, *conditions)
        .group_by("standing", "age", Invoice.currency),
        _part(_SETTLED_PART, Invoice.status.label("standing"), nothing)
        .where(is_settled, *conditions)
        .group_by(Invoice.status, Invoice.currency),
        _part(_OTHERWISE_PART, standing, nothing)
        .where(CORRECTED, _WAS_BALANCED, *conditions)
        .group_by("standing", Invoice.currency),
    ]
    return union_all(*parts)


def _part(number: int, standing: Any, age: Any) -> Select[Any]:
    part: Any = literal_column(str(number)).label("part")
    columns: Sequence[Any] = [part, standing, age, Invoice.currency, func.count(), *map(func.sum, _SUMMED)]
    return select(*columns)


def _group(row: Any, standing: str) -> Group:
    _part, _standing, age, currency, count, *minors = row
    total, credited, written_off, paid = (Money(int(minor), currency) for minor in minors)
    due = Money(0, currency) if standing == DRAFT else total - credited - written_off - paid
    return Group(standing, age, Tally({currency: Amounts(count, total, credited, written_off, paid, due)}))


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
