"""`flask patients duplicates`, `not-duplicate` and `reopen-duplicate`."""

import sys
import time
from typing import Any
from uuid import UUID

import click

from clinic.core.audit import record_listing
from clinic.patients.commands.group import as_json, group
from clinic.patients.duplicates.scoring import POSSIBLE
from clinic.patients.models.duplicates import NOT_DUPLICATE, TO_DECIDE
from clinic.patients.schemas.duplicates import DuplicateSchema
from clinic.patients.service import PossibleDuplicate, duplicate_service
from clinic.web.cli import show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["score", "likelihood", "mrn", "name", "other_mrn", "other_name", "reasons", "id"]
REPORT_SECONDS = 10


@group.command("duplicates", needs="patients:write")
@click.option("--check", is_flag=True, help="Compare all patients first; otherwise what was found before is listed.")
@click.option("--state", type=click.Choice((TO_DECIDE, NOT_DUPLICATE)), default=TO_DECIDE, show_default=True)
@click.option("--score", type=click.IntRange(POSSIBLE, 100), default=POSSIBLE, show_default=True, help="From this on.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def duplicates(check: bool, state: str, score: int, limit: int, as_json: bool) -> None:
    """List the pairs of patients who may be one person, the most likely first, with the reasons.

    For example: flask patients duplicates --check --score 90
    """
    if check:
        _check_all()
    found = duplicate_service.list(state=state, min_score=score, limit=limit)
    record_listing("patients", (patient.id for pair in found.rows for patient in pair.patients))
    rows = [DuplicateSchema().dump(pair) for pair in found.rows] if as_json else [_row(pair) for pair in found.rows]
    show_rows(rows, COLUMNS, as_json=as_json)
    if found.next_key:
        info(f"There are more: {duplicate_service.counts(min_score=score)[state]:,} in all")


@group.command("not-duplicate", needs="patients:write")
@click.argument("pair", type=click.UUID)
def not_duplicate(pair: UUID) -> None:
    """Record that a PAIR of the list is two people; nobody is asked about them again."""
    found = duplicate_service.dismiss(pair)
    info(f"{found.first.mrn} and {found.second.mrn} are two people. To undo: flask patients reopen-duplicate {pair}")


@group.command("reopen-duplicate", needs="patients:write")
@click.argument("pair", type=click.UUID)
def reopen_duplicate(pair: UUID) -> None:
    """Take back that a PAIR of the list is two people."""
    found = duplicate_service.reopen(pair)
    info(f"{found.first.mrn} and {found.second.mrn} are to be decided about again")


def _check_all() -> None:
    """Compare all patients, and report the progress on stderr: on a terminal always, otherwise every 10 seconds."""
    begun = reported = time.monotonic()

    def report(check: Any) -> None:
        nonlocal reported
        at = time.monotonic()
        if not sys.stderr.isatty() and at - reported < REPORT_SECONDS and check.finished_at is None:
            return
        reported = at
        rate = check.checked / max(at - begun, 0.001)
        left = max(check.total - check.checked, 0) / max(rate, 0.001)
        info(f"{check.checked:,} of {check.total:,} compared, {rate:,.0f} a second, {left:,.0f} s left")

    statistics = duplicate_service.check_all(report)
    info(f"Compared {statistics.compared:,} pairs that have something in common, {statistics.found:,} are new")


def _row(found: PossibleDuplicate) -> dict[str, Any]:
    dumped: Any = DuplicateSchema().dump(found)
    return {
        "score": found.score,
        "likelihood": found.likelihood,
        "mrn": found.first.mrn,
        "name": found.first.full_name,
        "other_mrn": found.second.mrn,
        "other_name": found.second.full_name,
        "reasons": ", ".join(dumped["reasons"]),
        "id": dumped["id"],
    }
