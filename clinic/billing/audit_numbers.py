"""The audit of numbers: those of invoices and credit notes run from 1 each year, without gaps, their dates upwards."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.billing.audit_findings import Finding, Findings
from clinic.billing.models import BillingSettings, CreditNote, Invoice
from clinic.billing.rules import BILL, DRAFT, OPENING
from clinic.billing.settings_rules import reads_like_credit_notes
from clinic.core.db import db
from clinic.core.db.sequences import last_numbers

_NUMBER = re.compile(r"[^0-9]*([0-9]{4})[^0-9]+([0-9]+)[^0-9]*", re.ASCII)
"""A year, then the count, in the pattern of the settings."""

_OPENING = re.compile(r"OB-[0-9]{5,}", re.ASCII)

_MOST_MISSING = 5

Numbered = tuple[UUID, str, date]


def audit_numbers() -> Findings:
    """Return what is off in the numbers of the current clinic."""
    invoices = select(Invoice.id, Invoice.number, Invoice.issued_on).where(
        Invoice.number.is_not(None), Invoice.kind == BILL
    )
    yield from _audit("invoices", "invoice", db.session.execute(invoices).all())
    opening = select(Invoice.id, Invoice.number).where(Invoice.kind == OPENING, Invoice.status != DRAFT)
    for record_id, number in db.session.execute(opening):
        if _OPENING.fullmatch(number or "") is None:
            yield Finding("number", "invoices", record_id, number, "it is not of the series of opening balances")
    notes = select(CreditNote.id, CreditNote.number, CreditNote.issued_on)
    yield from _audit("credit_notes", "credit-note", db.session.execute(notes).all())
    yield from _audit_collisions()


def _audit_collisions() -> Findings:
    """Return the invoices that have the number of a credit note, and the pattern that makes some."""
    same = select(Invoice.id, Invoice.number).join(CreditNote, CreditNote.number == Invoice.number)
    for record_id, number in db.session.execute(same.order_by(Invoice.number)):
        yield Finding("number-collision", "invoices", record_id, number, "a credit note has the same number")
    for settings in db.session.scalars(select(BillingSettings)):
        if reads_like_credit_notes(settings.number_pattern):
            text = "numbers of invoices of this pattern read like those of credit notes"
            yield Finding("number-collision", "billing_settings", settings.id, settings.number_pattern, text)


def _audit(table: str, series: str, rows: Iterable[Any]) -> Findings:
    years: dict[int, list[tuple[int, Numbered]]] = defaultdict(list)
    for row in rows:
        record_id, number, issued_on = row
        match = _NUMBER.fullmatch(number)
        if match is None or issued_on is None or int(match[1]) != issued_on.year:
            yield Finding("number", table, record_id, number, "its year is not that of its date")
        else:
            years[issued_on.year].append((int(match[2]), (record_id, number, issued_on)))
    last = last_numbers(f"{series}:")
    for year in sorted(years.keys() | {int(name) for name in last if name.isdecimal()}):
        found = sorted(years[year])
        yield from _audit_year(table, found)
        yield from _audit_count(table, year, [count for count, _ in found], last.get(str(year), 0))


def _audit_year(table: str, found: list[tuple[int, Numbered]]) -> Findings:
    for (count, (_, _, before)), (next_count, (record_id, number, issued_on)) in pairwise(found):
        if next_count == count:
            yield Finding("number", table, record_id, number, "its number is given twice")
        if issued_on < before:
            yield Finding("number-date", table, record_id, number, f"it is dated before the number before it, {before}")


def _audit_count(table: str, year: int, counts: list[int], last: int) -> Findings:
    missing = sorted(set(range(1, max([last, *counts]) + 1)) - set(counts))
    if missing:
        some = ", ".join(map(str, missing[:_MOST_MISSING])) + (" …" if len(missing) > _MOST_MISSING else "")
        yield Finding("number-gap", table, None, str(year), f"{len(missing)} numbers of {year} are missing: {some}")
    if counts and max(counts) > last:
        text = f"the highest number of {year} is {max(counts)}, but the last one given is {last}"
        yield Finding("number", table, None, str(year), text)
