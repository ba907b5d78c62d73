"""The command `flask billing audit`."""

import click

from clinic.billing.commands.group import group
from clinic.billing.service import billing_service
from clinic.web.cli import show_rows, with_header
from clinic.web.cli_errors import FAILED
from clinic.web.cli_output import info

COLUMNS = ["check", "record", "number", "text", "record_id"]


@group.command("audit", needs="invoices:read")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_header
def audit(as_json: bool) -> None:
    """Compute totals, numbers, allocations and balances anew from the rows, and name what is off.

    Exit code 1 if something is.
    """
    findings = billing_service.audit()
    show_rows([finding.as_json() for finding in findings], COLUMNS, as_json=as_json)
    info(f"{len(findings)} things are off" if findings else "The books are in order")
    if findings:
        raise SystemExit(FAILED)
