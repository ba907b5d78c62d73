"""`flask patients search` and `reindex`."""

import sys
from collections.abc import Iterable

import click

from clinic.core.audit import record_listing
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import COLUMNS
from clinic.patients.schemas.patients import PatientSchema
from clinic.patients.search.reindex import Reindexed
from clinic.patients.service import patient_service
from clinic.web.cli import show_record, show_rows, with_header
from clinic.web.cli_output import info

_ALMOST = "almost"
_STEP = 10
"""Percent between two lines of progress where no line can be replaced."""


@group.command("search", needs="patients:read")
@click.argument("text")
@click.option("--archived", is_flag=True, help="Find archived patients too.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@as_json
@with_header
def search(text: str, archived: bool, limit: int, as_json: bool) -> None:
    """Find patients by parts of a TEXT in any order: names, a birth date, a phone number, a record number, an email.

    For example: flask patients search "zamora 27.3.87"
    """
    found = patient_service.find_matches(text, limit=limit, archived=archived)
    record_listing("patients", (match.patient.id for match in found.rows))
    dumped = PatientSchema(many=True).dump([match.patient for match in found.rows])
    rows = [row | {_ALMOST: match.almost} for row, match in zip(dumped, found.rows, strict=True)]
    columns = [*COLUMNS[:-1], _ALMOST]
    table = [{column: row.get(column) for column in columns} for row in rows]
    show_rows(rows, [*columns, COLUMNS[-1]], as_json=as_json, table=lambda: table)
    if found.next_key:
        info(f"There are more than {limit}: type more, or raise --limit")


@group.command("reindex", needs="patients:write")
@click.option("--batch", type=click.IntRange(1, 5000), default=500, show_default=True, help="Patients at a time.")
@as_json
def reindex(batch: int, as_json: bool) -> None:
    """Rebuild the search index, while the server runs; stopped, it can be started again at any time."""
    last = _shown(patient_service.reindex(batch=batch))
    show_record({"patients": last.done, "written": last.written, "removed": last.removed}, as_json=as_json)


def _shown(progress: Iterable[Reindexed]) -> Reindexed:
    """Show progress on stderr: on a terminal in one line, else every ten percent. Return the last one."""
    last, shown = Reindexed(0), 0
    for last in progress:
        percent = 100 * last.done // max(last.total, 1)
        if sys.stderr.isatty():
            click.echo(f"\r{last.done} of {last.total} patients ({percent} %)", err=True, nl=False)
        elif percent >= shown + _STEP:
            shown = percent
            info(f"{last.done} of {last.total} patients ({percent} %)")
    if sys.stderr.isatty():
        info("")
    return last
