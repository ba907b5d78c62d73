"""The commands `flask billing …`."""

from collections.abc import Sequence
from typing import Any

import click

from clinic.billing.rules import METHODS, STATUSES
from clinic.billing.schemas import InvoiceSchema, PaymentSchema
from clinic.billing.service import Invoice, billing_service
from clinic.core.audit import record_listing
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.cli import CommandGroup, load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["number", "status", "issued_on", "total", "paid", "due", "patient_id", "id"]

group = CommandGroup("billing", clinic=True, help="Invoices and payments.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("create", needs="invoices:write")
@click.option("--patient", required=True, metavar="NUMBER", help="Medical record number or id.")
@click.option("--appointment", metavar="ID", help="The patient's appointment that it is for.")
@click.option("--line", "lines", multiple=True, metavar="LINE", help='"DESCRIPTION|QUANTITY|PRICE"; as many as needed.')
@click.option("--issue", "at_once", is_flag=True, help="Issue it at once.")
@as_json
def create(patient: str, appointment: str | None, lines: tuple[str, ...], at_once: bool, as_json: bool) -> None:
    """Draft an invoice in the clinic's currency.

    For example: flask billing create --patient P-000001 --line "Consultation|1|50.00" --issue
    """
    given = {
        "patient_id": str(patient_service.identify(patient).id),
        "appointment_id": appointment,
        "lines": [_read_line(line) for line in lines],
    }
    fields = load_options(InvoiceSchema(), given)
    with unit_of_work():
        invoice = billing_service.create(**fields)
        if at_once:
            invoice = billing_service.issue(invoice.id)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


@group.command("issue", needs="invoices:write")
@click.argument("invoice_id", metavar="ID")
@as_json
def issue(invoice_id: str, as_json: bool) -> None:
    """Issue the draft of an ID: give it a number and a date."""
    invoice = billing_service.issue(billing_service.identify(invoice_id).id)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


@group.command("invoices", needs="invoices:read")
@click.option("--status", type=click.Choice(STATUSES), help="Only in this state.")
@click.option("--patient", metavar="NUMBER", help="Only of this patient: medical record number or id.")
@click.option("--appointment", metavar="ID", help="Only of this appointment.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def invoices(status: str | None, patient: str | None, limit: int, as_json: bool, **options: str | None) -> None:
    """List invoices, the newest first."""
    patient_id = patient_service.identify(patient).id if patient else None
    visit = load_options(InvoiceSchema(only=("appointment_id",)), {"appointment_id": options["appointment"]})
    found = billing_service.list(status=status, patient_id=patient_id, **visit, limit=limit)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    rows = [_dumped(invoice) for invoice in found.rows]
    show_rows(rows, COLUMNS, as_json=as_json, table=lambda: _with_patient_numbers(found.rows, rows))


@group.command("pay", needs="payments:write")
@click.argument("number")
@click.argument("amount")
@click.option("--method", required=True, type=click.Choice(METHODS), help="How it was paid.")
@click.option("--reference", help="What the terminal or the bank printed.")
@as_json
def pay(number: str, amount: str, as_json: bool, **options: str | None) -> None:
    """Take a payment of AMOUNT for the invoice of a NUMBER or id, in the clinic's currency."""
    invoice = billing_service.identify(number)
    payment = billing_service.record_payment(
        invoice.id, **load_options(PaymentSchema(), {"amount": _money(amount), **options})
    )
    invoice = payment.invoice
    show_record(PaymentSchema().dump(payment), as_json=as_json)
    due = f"{invoice.due.amount} {invoice.currency} is still due"
    info(f"{invoice.number} is paid" if not invoice.due.minor else f"{invoice.number} is not paid yet: {due}")


def _with_patient_numbers(invoices: Sequence[Invoice], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a table on a terminal shows: a patient's number instead of the id."""
    numbers = patient_service.numbers(invoice.patient_id for invoice in invoices)
    return [
        {column: row[column] for column in COLUMNS if column != "patient_id"} | {"patient": numbers[invoice.patient_id]}
        for invoice, row in zip(invoices, rows, strict=True)
    ]


def _read_line(written: str) -> dict[str, Any]:
    parts = [part.strip() for part in written.rsplit("|", 2)]
    if len(parts) != 3:  # noqa: PLR2004 - description, quantity, price
        raise click.BadParameter('write "DESCRIPTION|QUANTITY|PRICE", like "Consultation|1|50.00"', param_hint="--line")
    return {"description": parts[0], "quantity": parts[1], "unit_price": _money(parts[2])}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": clinic_service.current().currency}


def _what_next(invoice: Invoice) -> str:
    if invoice.number is None:
        return f"Drafted. Next: flask billing issue {invoice.id}"
    if not invoice.due.minor:
        return f"Issued as {invoice.number}: there is nothing to pay"
    paying = f"flask billing pay {invoice.number} {invoice.due.amount} --method card"
    return f"Issued as {invoice.number}. Next: {paying}"


def _dumped(invoice: Invoice) -> dict[str, Any]:
    dumped: dict[str, Any] = InvoiceSchema().dump(invoice)
    return dumped
