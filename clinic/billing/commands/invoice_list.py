"""The command that lists invoices, sums them up and exports them."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.rules import METHODS, STATUSES
from clinic.billing.schemas.invoice_list import InvoiceSummarySchema, StandingFilterSchema
from clinic.billing.schemas.invoices import InvoiceSchema
from clinic.billing.service import Invoice, billing_service
from clinic.billing.standings import AGES, STANDINGS
from clinic.core.audit import record_listing
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.cli_output import checked_output, info
from clinic.web.csv_export import csv_lines

COLUMNS = ["number", "status", "issued_on", "total", "paid", "due", "patient_id", "due_on", "id"]
_SUMMED = ["count", "total", "credited", "written_off", "paid", "due"]
_NOT_SUMMED = ("standing", "age", "sort")

_FILTERS = [
    click.option("--status", metavar="STATUS", help=f"Only stored as one of {', '.join(STATUSES)}."),
    click.option("--standing", metavar="STANDING", help=f"Only one of {', '.join(STANDINGS)}."),
    click.option("--age", metavar="DAYS", help=f"Only open ones, overdue for one of {', '.join(AGES)} days."),
    click.option("--patient", metavar="TEXT", help="Only of this patient: number, id or what finds only one."),
    click.option("--appointment", "appointment_id", metavar="ID", help="Only of this appointment."),
    click.option("--practitioner", "practitioner_id", metavar="ID", help="Only with a visit of this practitioner."),
    click.option("--method", metavar="METHOD", help=f"Only paid by one of {', '.join(METHODS)}."),
    click.option("--issued-from", metavar="DAY", help="Only issued on this day or later, like 2026-11-28."),
    click.option("--issued-until", metavar="DAY", help="Only issued on this day or before."),
    click.option("--text", "q", metavar="TEXT", help="Only with this in the number, the patient’s or payer’s name."),
    click.option("--sort", metavar="ORDER", help="By number, issued_on, due_on, total or due; -due is the largest."),
]


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters of invoices as options of a command."""
    return reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), command)


@group.command("invoices", needs="invoices:read")
@filter_options
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--summary", is_flag=True, help="Count and sum them up by standing and age instead.")
@click.option(
    "--csv", "csv_file", type=click.File("w", "utf-8", lazy=True), help="Export all of them to this file; - prints."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_header
def invoices(
    patient: str | None, limit: int, summary: bool, csv_file: Any, as_json: bool, **options: str | None
) -> None:
    """List invoices, the newest first.

    For example: flask billing invoices --standing overdue --sort due_on
    """
    if csv_file and (summary or as_json):
        raise click.UsageError("give only one of --csv, --summary and --json")
    if summary and any(options[name] for name in _NOT_SUMMED):
        raise click.UsageError("--summary counts every standing and age: leave out --standing, --age and --sort")
    filters = load_options(StandingFilterSchema(), options)
    if patient:
        filters["patient_id"] = patient_service.choose(patient).id
    if csv_file:
        _export(filters, csv_file)
    elif summary:
        _show_summary(filters, as_json=as_json)
    else:
        _show_list(filters, limit, as_json=as_json)


def _export(filters: Mapping[str, Any], file: Any) -> None:
    count = -1
    with checked_output():
        for line in csv_lines(billing_service.export_columns(), billing_service.export(**filters)):
            file.write(line)
            count += 1
    info(f"Exported {count} {'invoice' if count == 1 else 'invoices'}")


def _show_summary(filters: Mapping[str, Any], *, as_json: bool) -> None:
    dumped: dict[str, Any] = InvoiceSummarySchema().dump(billing_service.summary(**filters))
    if as_json:
        show_record(dumped, as_json=True)
        return
    tallies = {**dumped["standings"], "all": dumped["all"]}
    tallies |= {f"{age} days" if age[0].isdigit() else age: tally for age, tally in dumped["ages"].items()}
    rows = [
        {"invoices": name, "count": tally["count"], **sums}
        for name, tally in tallies.items()
        for sums in tally["sums"] or [{}]
    ]
    show_rows(rows, ["invoices", *_SUMMED])


def _show_list(filters: Mapping[str, Any], limit: int, *, as_json: bool) -> None:
    found = billing_service.list(**filters, limit=limit)
    record_listing("invoices", (invoice.patient_id for invoice in found.rows))
    rows = InvoiceSchema(many=True).dump(found.rows)
    show_rows(rows, COLUMNS, as_json=as_json, table=lambda: _with_patient_numbers(found.rows, rows))


def _with_patient_numbers(invoices: Sequence[Invoice], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a table on a terminal shows: a patient's number instead of the id."""
    numbers = patient_service.numbers(invoice.patient_id for invoice in invoices)
    return [
        {column: row[column] for column in COLUMNS if column != "patient_id"} | {"patient": numbers[invoice.patient_id]}
        for invoice, row in zip(invoices, rows, strict=True)
    ]
