"""The tabs of the list of invoices by standing, and the strip of what is still to pay by age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import url_for

from clinic.billing.service import InvoiceSummary, Tally
from clinic.billing.standings import AGES, DRAFT, OPEN, OVERDUE, PART_PAID, STANDINGS, WRITTEN_OFF
from clinic.core.money import Money
from clinic.identity.clinics import clinic_service

_LABELS = dict(
    zip(STANDINGS, ("Draft", "Open", "Overdue", "Part paid", "Paid", "Credited", "Written off"), strict=True)
)
_AGE_LABELS = dict(
    zip(AGES, ("Not yet due", "1–30 days overdue", "31–60 days", "61–90 days", "Over 90 days"), strict=True)
)
_TO_PAY = {OPEN, OVERDUE, PART_PAID}


@dataclass(frozen=True)
class Tab:
    """A tab: its label, how many invoices it lists, what they come to, its URL, and whether it is the current one."""

    label: str
    count: int
    text: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class AgePart:
    """A part of the strip: `start` and `width` in percent of what is to pay in the currency of the clinic."""

    label: str
    count: int
    text: str
    url: str
    is_current: bool
    start: str
    width: str


def money_text(tally: Tally, name: str) -> str:
    """Return the sum of each currency, that of the clinic first; it is 0 without any."""
    clinic = clinic_service.current()
    own_first = sorted(tally.amounts, key=lambda one: (one != clinic.currency, one))
    texts = [getattr(tally.amounts[one], name).format(clinic.locale) for one in own_first]
    return " + ".join(texts) or Money(0, clinic.currency).format(clinic.locale)


def standing_tabs(summary: InvoiceSummary, filters: Mapping[str, Any]) -> Sequence[Tab]:
    """Return the tabs with counts and sums; the one of written off invoices only if there are any."""
    is_any = not filters.get("standing") and not filters.get("age")
    tabs = [
        _standing_tab(one, tally, filters)
        for one, tally in summary.standings.items()
        if one != WRITTEN_OFF or tally.count or filters.get("standing") == one
    ]
    return [*tabs, Tab("All", summary.all.count, "every status", _url(filters), is_any)]


def age_parts(summary: InvoiceSummary, filters: Mapping[str, Any]) -> Sequence[AgePart]:
    """Return what is to pay by age, one part after the other."""
    own = {age: _own_due(tally) for age, tally in summary.ages.items()}
    whole, parts, start = sum(own.values()), [], 0
    for age, tally in summary.ages.items():
        text, url = money_text(tally, "due"), _url(filters, standing=OPEN, age=age)
        edges = (_percent(start, whole), _percent(own[age], whole))
        parts.append(AgePart(_AGE_LABELS[age], tally.count, text, url, filters.get("age") == age, *edges))
        start += own[age]
    return parts


def _standing_tab(standing: str, tally: Tally, filters: Mapping[str, Any]) -> Tab:
    is_open = standing in _TO_PAY
    amount = money_text(tally, "due" if is_open else "total")
    is_current = filters.get("standing") == standing and not (standing != OPEN and filters.get("age"))
    text = f"{amount} {'to pay' if is_open else 'in total'}"
    return Tab(_LABELS[standing], tally.count, text, _url(filters, standing=standing), is_current)


def _url(filters: Mapping[str, Any], **chosen: Any) -> str:
    """Return the URL of another standing or age with the same other filters: a draft has none of some orders."""
    kept: dict[str, Any] = {name: value for name, value in filters.items() if name not in {"standing", "age"}}
    if chosen.get("standing") == DRAFT:
        kept.pop("sort", None)
    return url_for(".index", **chosen, **kept)


def _own_due(tally: Tally) -> int:
    own = tally.amounts.get(clinic_service.current().currency)
    return own.due.minor if own else 0


def _percent(part: int, whole: int) -> str:
    return f"{float(Fraction(100 * part, whole)):.2f}%" if whole else "0%"
