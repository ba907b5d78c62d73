"""The commands `flask billing …`."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.commands.issuing import issue_draft, issue_options, with_confirmed_date
from clinic.billing.commands.lines import line_options, read_lines
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.service import Invoice, billing_service
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record
from clinic.web.cli_output import info
from clinic.web.merge_patch import patch_schema

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("create", needs="invoices:write")
@click.option("--patient", required=True, metavar="TEXT", help="Number, id or what finds only one.")
@click.option("--appointment", metavar="ID", help="The patient's appointment that it is for.")
@line_options
@click.option("--issue", "at_once", is_flag=True, help="Issue it at once.")
@issue_options
@as_json
def create(patient: str, appointment: str | None, at_once: bool, as_json: bool, **options: Any) -> None:
    """Draft an invoice in the clinic's currency.

    For example: flask billing create --patient P-000001 --item 1102 --line "Bandage|2|9.80|10 %" --issue
    """
    dates = {name: options.pop(name) for name in ("issued_on", "confirm_date")}
    given = {"patient_id": str(patient_service.choose(patient).id), "appointment_id": appointment}
    fields = load_options(InvoiceSchema(), given | read_lines(options, required=True))
    if at_once:
        invoice = with_confirmed_date(lambda **terms: _create_issued(fields, terms), dates)
    else:
        invoice = billing_service.create(**fields)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


@group.command("edit", needs="invoices:write")
@click.argument("invoice_id", metavar="ID")
@line_options
@as_json
def edit(invoice_id: str, as_json: bool, **options: Any) -> None:
    """Change the draft of an ID: its note, its payer, or all of its lines."""
    fields = load_options(patch_schema(InvoiceSchema), read_lines(options))
    invoice = billing_service.update(billing_service.identify(invoice_id).id, version=None, **fields)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


@group.command("duplicate", needs="invoices:write")
@click.argument("number", metavar="NUMBER_OR_ID")
@as_json
def duplicate(number: str, as_json: bool) -> None:
    """Draft an invoice with the lines of another one."""
    invoice = billing_service.duplicate(billing_service.identify(number).id)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


@group.command("delete", needs="invoices:write")
@click.argument("invoice_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Delete without asking.")
def delete(invoice_id: str, yes: bool) -> None:
    """Delete the draft of an ID with its lines."""
    invoice = billing_service.identify(invoice_id)
    total = f"{invoice.total.amount} {invoice.currency}"
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("give --yes: nobody can be asked")
    if not yes:
        click.confirm(f"Delete the draft of {total}?", abort=True, err=True)
    billing_service.delete(invoice.id, version=None)
    info("The draft is deleted")


@group.command("issue", needs="invoices:write")
@click.argument("invoice_id", metavar="ID")
@issue_options
@as_json
def issue(invoice_id: str, as_json: bool, issued_on: str | None, confirm_date: bool) -> None:
    """Issue the draft of an ID: give it a number, its dates and its particulars.

    For example: flask billing issue 0196… --date 2026-11-28
    """
    found = billing_service.identify(invoice_id)
    invoice = issue_draft(found.id, issued_on=issued_on, confirm_date=confirm_date)
    show_record(_dumped(invoice), as_json=as_json)
    info(_what_next(invoice))


def _create_issued(fields: Mapping[str, Any], terms: Mapping[str, Any]) -> Invoice:
    """Draft and issue an invoice, or neither."""
    with unit_of_work():
        return billing_service.issue(billing_service.create(**fields).id, **terms)


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
