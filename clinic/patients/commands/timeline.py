"""`flask patients timeline`."""

from collections.abc import Mapping
from typing import Any

import click

from clinic.core.audit import record_view
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.schemas.timeline import TimelineEntrySchema, TimelineQuery
from clinic.patients.service import patient_service
from clinic.web.cli import load_options, show_rows, with_header
from clinic.web.cli_output import info

COLUMNS = ["at", "kind", "what", "actor_name"]


@group.command("timeline", needs="patients:read")
@click.argument("wanted", metavar="PATIENT")
@click.option("--kind", help="Only visits, money, messages or changes.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def timeline(wanted: str, kind: str | None, limit: int, as_json: bool) -> None:
    """Show what happened to a PATIENT, the latest first: visits, money, messages and changes."""
    filters = load_options(TimelineQuery(only=("kind",)), {"kind": kind})
    patient = find_patient(wanted)
    record_view("patients", patient.id, patient.id)
    found = patient_service.timeline(patient, kind=filters.get("kind"), limit=limit)
    rows: list[dict[str, Any]] = TimelineEntrySchema(many=True).dump(found.entries)
    show_rows(rows if as_json else [{**row, "what": _what(row)} for row in rows], COLUMNS, as_json=as_json)
    if found.next_key:
        info(f"There are older entries: --limit shows up to 200, now {limit}.")


def _what(row: Mapping[str, Any]) -> str:
    """Return an entry on one line."""
    changes = (f"{one['label']}: {one['before'] or '–'} → {one['after'] or '–'}" for one in row["changes"])
    return " ".join(part for part in (row["title"], row["text"], "; ".join(changes)) if part)
