"""The page of the statement of an account, which is printed as it is."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.billing.pages.blueprint import blueprint
from clinic.billing.pages.labels import method_label
from clinic.billing.pages.letterhead import current_letterhead
from clinic.billing.particulars import person_particulars
from clinic.billing.rules import CREDIT_REASONS, REFUND_REASONS
from clinic.billing.schemas.statements import StatementQuery
from clinic.billing.service import AccountStatement, billing_service, default_payer, payer_choices
from clinic.billing.statement_rules import (
    CREDIT_NOTE,
    INVOICE,
    OPENING_BALANCE,
    OPENING_REVERSAL,
    PAID_BY_ANOTHER,
    PAID_FOR_ANOTHER,
    PAYMENT,
    REFUND,
    REVERSAL,
    WRITE_OFF,
    WRITE_OFF_UNDONE,
    Entry,
    Ledger,
)
from clinic.core.audit import record_view
from clinic.core.errors import InvalidInput
from clinic.patients.service import PatientMerged
from clinic.web.authorization import requires
from clinic.web.forms import Form, refuse
from clinic.web.list_views import parse_list_query

TITLES = {
    OPENING_BALANCE: "Opening balance from before",
    OPENING_REVERSAL: "Opening balance reversed",
    INVOICE: "Invoice",
    CREDIT_NOTE: "Credit note",
    WRITE_OFF: "Written off of",
    WRITE_OFF_UNDONE: "Write-off undone of",
    PAYMENT: "Payment",
    REVERSAL: "Payment reversed",
    REFUND: "Refund",
    PAID_BY_ANOTHER: "Paid by another patient:",
    PAID_FOR_ANOTHER: "Used for another patient:",
}
"""What an entry is, before its number."""

_PAGES = {
    **dict.fromkeys((INVOICE, WRITE_OFF, WRITE_OFF_UNDONE, PAID_BY_ANOTHER), ("billing.show", "invoice_id")),
    **dict.fromkeys((PAYMENT, REVERSAL, REFUND, PAID_FOR_ANOTHER), ("billing.show_payment", "payment_id")),
    CREDIT_NOTE: ("billing.show_credit_note", "credit_note_id"),
}


@blueprint.get("/statement/<uuid:patient_id>")
@requires("invoices:read")
def statement(patient_id: UUID) -> ResponseReturnValue:
    """Show what a patient was charged and paid in a period, with the balance after each entry."""
    period: dict[str, Any] = parse_list_query(StatementQuery())[0]
    form = Form(request.args.to_dict())
    try:
        return _page(billing_service.statement(patient_id, **period), form)
    except PatientMerged as error:
        flash(error.message)
        given: dict[str, Any] = {"patient_id": error.survivor_id, **request.args}
        return redirect(url_for(".statement", **given))
    except InvalidInput as error:
        return refuse(_page(billing_service.statement(patient_id), form.reject(error)), error)


def _page(made: AccountStatement, form: Form) -> str:
    record_view("patients", made.patient_id, made.patient_id)
    ledger = made.ledger
    form.values = {"from": ledger.since.isoformat(), "to": ledger.until.isoformat(), **form.values}
    invoices = [row.entry.record_id for row in ledger.rows if row.entry.kind == INVOICE]
    payer = default_payer(payer_choices(made.patient))
    return render_template(
        "billing/statement.html",
        statement=made,
        patient=made.patient,
        form=form,
        letterhead=current_letterhead(),
        payer=person_particulars(payer) if payer else None,
        patient_pays=payer is None or payer.relation is None,
        period=period_text(ledger.since, ledger.until),
        descriptions=billing_service.descriptions(invoices),
        titles=TITLES,
        short_day=_short_day,
        details_of=_details_of,
        address_of=_address_of,
    )


def period_text(since: date, until: date) -> str:
    """Return a period with the year of its first day only where it is another one: `1 Sep – 12 Nov 2026`."""
    year = f" {since.year}" if since.year != until.year else ""
    return f"{since.day} {since:%b}{year} – {until.day} {until:%b} {until.year}"


def _short_day(day: date, ledger: Ledger) -> str:
    """Return a day with its year only if the period has several: `Thu 12 Nov`."""
    year = f" {day.year}" if ledger.since.year != ledger.until.year else ""
    return f"{day:%a} {day.day} {day:%b}{year}"


def _details_of(entry: Entry, descriptions: Mapping[UUID, list[str]]) -> str:
    """Return what more there is to say of an entry: what the invoice is for, how was paid, or why."""
    if entry.kind == INVOICE:
        return ", ".join(descriptions.get(entry.record_id, ()))
    if entry.kind == CREDIT_NOTE:
        return CREDIT_REASONS.get(entry.text or "", "")
    text = REFUND_REASONS.get(entry.text or "", "") if entry.kind == REFUND else entry.text
    return ", ".join(part for part in (method_label(entry.method or ""), text) if part)


def _address_of(entry: Entry) -> str:
    if entry.kind in {OPENING_BALANCE, OPENING_REVERSAL}:
        return url_for(".opening_balance", opening_id=entry.record_id)
    endpoint, argument = _PAGES[entry.kind]
    given: dict[str, Any] = {argument: entry.record_id}
    return url_for(endpoint, **given)
