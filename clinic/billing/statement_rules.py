"""The statement of an account, and nothing else: what was charged and paid, and the balance after each of it.

A balance is what is due of issued invoices less the credit that is left of payments: above zero it is to be paid. What
lowers it is paid or, like a credit note, charged with a minus; what is used of credit for the same patient's invoices
changes nothing and is not shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from uuid import UUID

from clinic.billing.standings import AGES, age_of, is_late
from clinic.core.money import Money

OPENING_BALANCE = "opening_balance"
OPENING_REVERSAL = "opening_balance_reversal"
INVOICE = "invoice"
CREDIT_NOTE = "credit_note"
WRITE_OFF = "write_off"
WRITE_OFF_UNDONE = "write_off_undone"
PAYMENT = "payment"
REVERSAL = "reversal"
REFUND = "refund"
PAID_BY_ANOTHER = "paid_by_another"
PAID_FOR_ANOTHER = "paid_for_another"
KINDS = (
    *(OPENING_BALANCE, OPENING_REVERSAL, INVOICE, CREDIT_NOTE, WRITE_OFF, WRITE_OFF_UNDONE),
    *(PAYMENT, REVERSAL, REFUND, PAID_BY_ANOTHER, PAID_FOR_ANOTHER),
)
"""What an entry is; the last two are a payment of one patient that is used for an invoice of another one."""

MONTHS_BEFORE = 2
"""Without a first day, a statement begins with the month that many before that of its last day."""

ENDS_BEFORE = "Enter a day that is not before the first one"


@dataclass(frozen=True)
class Entry:
    """Something that changed an account, in minor units; `at` is None if only its day is known.

    `record_id` is the invoice, credit note or payment that it is about.
    """

    kind: str
    day: date
    at: datetime | None
    record_id: UUID
    number: str | None
    charged: int
    paid: int
    method: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class StatementRow:
    """An entry with the balance after it."""

    entry: Entry
    charged: Money
    paid: Money
    balance: Money


@dataclass(frozen=True)
class Ledger:
    """The entries of a period, both days included, with the balance before the first and after the last of them."""

    since: date
    until: date
    opening: Money
    rows: Sequence[StatementRow]
    charged: Money
    paid: Money
    closing: Money


@dataclass(frozen=True)
class Ages:
    """What is due, by how long it has been overdue, with the day since which the oldest is."""

    not_due: Money
    days_30: Money
    days_60: Money
    days_90: Money
    older: Money
    oldest: date | None


def make_ledger(entries: Iterable[Entry], currency: str, *, since: date | None, until: date | None, on: date) -> Ledger:
    """Return the statement of an account for a period.

    Without a last day it ends on the day `on`, or later with the last entry or the first day.
    """
    ordered = sorted(entries, key=_order)
    last = until or max([on, since or on, *(entry.day for entry in ordered)])
    first = since or min(first_day_before(last), last)
    before = sum(one.charged - one.paid for one in ordered if one.day < first)
    found = [one for one in ordered if first <= one.day <= last]
    balances = list(accumulate((one.charged - one.paid for one in found), initial=before))

    def money(minor: int) -> Money:
        return Money(minor, currency)

    return Ledger(
        since=first,
        until=last,
        opening=money(before),
        rows=[
            StatementRow(one, money(one.charged), money(one.paid), money(balance))
            for one, balance in zip(found, balances[1:], strict=True)
        ],
        charged=money(sum(one.charged for one in found)),
        paid=money(sum(one.paid for one in found)),
        closing=money(balances[-1]),
    )


def make_ages(dues: Iterable[tuple[date | None, int]], currency: str, on: date) -> Ages:
    """Return amounts by the age on a day that lists of invoices give them; each has its due date, if any."""
    sums = dict.fromkeys(AGES, 0)
    late: list[date] = []
    for due_on, minor in dues:
        sums[age_of(due_on, on)] += minor
        if due_on is not None and is_late(due_on, on):
            late.append(due_on)
    not_due, days_30, days_60, days_90, older = (Money(minor, currency) for minor in sums.values())
    return Ages(not_due, days_30, days_60, days_90, older, min(late, default=None))


def first_day_before(last: date) -> date:
    """Return the first day of the month two months before that of the last day."""
    year, month = divmod(last.year * 12 + last.month - 1 - MONTHS_BEFORE, 12)
    return date(year, month + 1, 1)


def _order(entry: Entry) -> tuple[object, ...]:
    """Order by day; of one day, what has no time comes first, then the earlier."""
    return entry.day, entry.at is not None, entry.at or entry.day, entry.number or "", str(entry.record_id)
