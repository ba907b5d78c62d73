"""Invoices and payments in a patient's timeline, in words."""

from collections.abc import Sequence
from typing import Any

from clinic.billing.pages.labels import method_label
from clinic.billing.timeline import DRAFTED, ISSUED, LEFT_BEFORE, OWED_BEFORE, PAID, select_invoices, select_payments
from clinic.core.money import Money
from clinic.core.timeline_sources import TimelineKind, TimelineRow, TimelineSource, TimelineText
from clinic.identity.clinics import clinic_service

MONEY = TimelineKind("money", "Money", 20)

_TITLES = {
    DRAFTED: "Invoice drafted",
    ISSUED: "Invoice issued",
    OWED_BEFORE: "Owed from before",
    LEFT_BEFORE: "Credit from before",
}
_TONES = {ISSUED: "info", PAID: "ok"}


def present(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return invoices and payments in words."""
    locale = clinic_service.current().locale
    return [_text(row, locale) for row in rows]


def _text(row: TimelineRow, locale: str) -> TimelineText:
    details = row.details
    minor = details["amount"] if row.action in {PAID, LEFT_BEFORE} else details["total"]
    amount = Money(minor, details["currency"]).format(locale)
    if row.action == PAID:
        method = method_label(details["method"]) or details["method"]
        title, text = f"Paid {amount}", f"by {method.lower()}"
    else:
        title, text = _TITLES[row.action], amount
    link: tuple[str, str, dict[str, Any]] = ("Payment", "billing.show_payment", {"payment_id": row.record_id})
    if row.record == "invoices":
        link = (details["number"] or "Draft", "billing.show", {"invoice_id": row.record_id})
    return TimelineText(title, text, "", "coins", _TONES.get(row.action, ""), link)


SOURCES = (
    TimelineSource("invoices", MONEY, "invoices:read", select_invoices, present),
    TimelineSource("payments", MONEY, "invoices:read", select_payments, present),
)
