"""The command `flask billing statement`."""

from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.schemas.statements import StatementQuery, StatementSchema
from clinic.billing.service import billing_service
from clinic.core.audit import record_view
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["date", "kind", "number", "charged", "paid", "balance", "record_id"]


@group.command("statement", needs="invoices:read")
@click.argument("patient")
@click.option("--from", "first_day", metavar="DATE", help="The first day; two months before the last one unless given.")
@click.option("--to", "last_day", metavar="DATE", help="The last day; today unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_header
def statement(patient: str, first_day: str | None, last_day: str | None, as_json: bool) -> None:
    """Print what a PATIENT was charged and paid in a period, with the balance after each entry.

    For example: flask billing statement P-000001 --from 2026-01-01
    """
    period = load_options(StatementQuery(), {"from": first_day, "to": last_day})
    made = billing_service.statement(patient_service.choose(patient).id, **period)
    record_view("patients", made.patient_id, made.patient_id)
    dumped: dict[str, Any] = StatementSchema().dump(made)
    if as_json:
        show_record(dumped, as_json=True)
        return
    show_rows(dumped["rows"], COLUMNS)
    ledger = made.ledger
    info(f"{ledger.opening.amount} {ledger.opening.currency} before {ledger.since}, {ledger.closing.amount} at the end")
    info(f"{made.to_pay.amount} {made.to_pay.currency} is to pay today")
