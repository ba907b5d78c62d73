"""Invoices, payments and corrections in a patient's timeline, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clinic.billing.pages.labels import method_label
from clinic.billing.rules import CREDIT_REASONS, REFUND_REASONS
from clinic.billing.timeline import (
    CREDITED,
    DRAFTED,
    ISSUED,
    LEFT_BEFORE,
    OPENING_REVERSED,
    OWED_BEFORE,
    PAID,
    REFUNDED,
    REVERSED,
    WRITE_OFF_UNDONE,
    WRITTEN_OFF,
    select_credit_notes,
    select_invoices,
    select_payments,
    select_refunds,
    select_reversals,
    select_write_offs,
)
from clinic.core.money import Money
from clinic.core.timeline_sources import TimelineKind, TimelineRow, TimelineSource, TimelineText
from clinic.identity.clinics import clinic_service

MONEY = TimelineKind("money", "Money", 20)

_TONES = {
    ISSUED: "info",
    PAID: "ok",
    CREDITED: "warn",
    WRITTEN_OFF: "warn",
    **dict.fromkeys((REFUNDED, REVERSED, OPENING_REVERSED), "bad"),
}


Link = tuple[str, str, Mapping[str, Any]]


def present(rows: Sequence[TimelineRow]) -> Sequence[TimelineText]:
    """Return invoices, payments and corrections in words."""
    locale = clinic_service.current().locale
    return [_text(row, locale) for row in rows]


def _text(row: TimelineRow, locale: str) -> TimelineText:
    title, text = _WORDS[row.action](row.details, Money(row.details["amount"], row.details["currency"]).format(locale))
    return TimelineText(title, text, "", "coins", _TONES.get(row.action, ""), _link(row))


def _paid(details: Mapping[str, Any], amount: str) -> tuple[str, str]:
    return f"Paid {amount}", f"by {_method(details)}"


def _credited(details: Mapping[str, Any], amount: str) -> tuple[str, str]:
    return f"Credited {amount}", f"of {details['invoice']}: {CREDIT_REASONS[details['reason']].lower()}"


def _refunded(details: Mapping[str, Any], amount: str) -> tuple[str, str]:
    return f"Refunded {amount}", f"by {_method(details)}: {REFUND_REASONS[details['reason']].lower()}"


_WORDS: Mapping[str, Callable[[Mapping[str, Any], str], tuple[str, str]]] = {
    DRAFTED: lambda _, amount: ("Invoice drafted", amount),
    ISSUED: lambda _, amount: ("Invoice issued", amount),
    PAID: _paid,
    CREDITED: _credited,
    WRITTEN_OFF: lambda details, amount: (f"Written off {amount}", details["reason"]),
    WRITE_OFF_UNDONE: lambda details, amount: (f"Write-off of {amount} undone", details["reason"]),
    REFUNDED: _refunded,
    OWED_BEFORE: lambda _, amount: ("Owed from before", amount),
    LEFT_BEFORE: lambda _, amount: ("Credit from before", amount),
    OPENING_REVERSED: lambda details, amount: (f"Opening balance of {amount} reversed", details["reason"]),
    REVERSED: lambda details, amount: (f"Payment of {amount} reversed", details["reason"]),
}


def _method(details: Mapping[str, Any]) -> str:
    return (method_label(details["method"]) or details["method"]).lower()


def _link(row: TimelineRow) -> Link:
    if row.record == "invoices":
        return row.details["number"] or "Draft", "billing.show", {"invoice_id": row.record_id}
    if row.record == "credit_notes":
        return row.details["number"], "billing.show_credit_note", {"credit_note_id": row.record_id}
    return "Payment", "billing.show_payment", {"payment_id": row.record_id}


SOURCES = tuple(
    TimelineSource(name, MONEY, "invoices:read", query, present)
    for name, query in (
        ("invoices", select_invoices),
        ("payments", select_payments),
        ("credit_notes", select_credit_notes),
        ("write_offs", select_write_offs),
        ("refunds", select_refunds),
        ("reversals", select_reversals),
    )
)
