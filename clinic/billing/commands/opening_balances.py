"""The commands `flask billing opening-balance`, `opening-balances` and `reverse-opening-balance`."""

from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.opening_balances import CREDIT, OWED
from clinic.billing.schemas.corrections import ReasonSchema
from clinic.billing.schemas.opening_balances import OpeningBalanceSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["as_of", "side", "amount", "left", "number", "reversed_at", "id"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@group.command("opening-balance", needs="credits:write")
@click.argument("patient")
@click.argument("amount")
@click.option("--credit", is_flag=True, help="It is credit; else the patient owed it.")
@click.option("--date", "as_of", metavar="DATE", help="The day of the figure; today unless given.")
@click.option("--reference", help="Where the figure is from.")
@as_json
def opening_balance(patient: str, amount: str, credit: bool, as_json: bool, **options: str | None) -> None:
    """Enter the AMOUNT that a PATIENT owed, or had as credit, before the clinic worked with the program.

    For example: flask billing opening-balance P-000001 45.00 --date 2026-01-01
    """
    money = {"amount": amount, "currency": clinic_service.current().currency}
    fields = load_options(OpeningBalanceSchema(), {"amount": money, "side": CREDIT if credit else OWED, **options})
    entered = billing_service.enter_opening_balance(patient_service.choose(patient).id, **fields)
    show_record(OpeningBalanceSchema().dump(entered), as_json=as_json)
    paying = f"flask billing pay {entered.number} {entered.amount.amount} --method card"
    info(f"Entered as {entered.number}. Next: {paying}" if entered.number else "Entered as credit")


@group.command("opening-balances", needs="invoices:read")
@click.argument("patient")
@as_json
@with_header
def opening_balances(patient: str, as_json: bool) -> None:
    """List the opening balances of a PATIENT, those that were reversed too, the latest first."""
    patient_id = patient_service.choose(patient).id
    record_view("patients", patient_id, patient_id)
    found: list[dict[str, Any]] = OpeningBalanceSchema(many=True).dump(billing_service.opening_balances(patient_id))
    show_rows(found, COLUMNS, as_json=as_json)


@group.command("reverse-opening-balance", needs="credits:write")
@click.argument("opening_id", metavar="ID")
@click.option("--reason", required=True, help="It stays with the record.")
@as_json
def reverse_opening_balance(opening_id: str, as_json: bool, **options: str) -> None:
    """Reverse the opening balance of an ID that is wrong: what paid it is credit again."""
    reversed_ = billing_service.reverse_opening_balance(opening_id, **load_options(ReasonSchema(), options))
    show_record(OpeningBalanceSchema().dump(reversed_), as_json=as_json)
    info("The opening balance is reversed")
