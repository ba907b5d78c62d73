"""`flask audit …`."""

import json
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from clinic.audit.export_signature import has_valid_signature
from clinic.audit.hash_chain import Report, verify
from clinic.audit.schemas import AuditQuery
from clinic.audit.service import audit_service
from clinic.core.audit import record_listing, written
from clinic.web.cli import FAILED, CommandGroup, info, load_options, show_rows

COLUMNS = ["at", "actor", "action", "record", "record_id", "patient_id", "address", "request_id", "changes"]

group = CommandGroup("audit", clinic=True, help="Who changed what, and who looked at whom.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SOUND_EXPORT = "The file is as it was exported"
_CHANGED_EXPORT = (
    "The file is not as it was exported: it was changed or cut off, or another program, like a spreadsheet, saved it"
)
_FILTERS = [
    click.option("--actor", help="Only what this one did, like cli:maria@desk."),
    click.option("--action", help="Only this: created, changed, deleted, viewed, listed, exported …"),
    click.option("--record", help="Only this kind of record, like patients."),
    click.option("--patient-id", metavar="ID", help="Only what concerns this patient."),
    click.option("--since", metavar="WHEN", help="Then or later: 2026-11-23T09:30:00+01:00."),
    click.option("--before", metavar="WHEN", help="Earlier than that."),
    click.option("--of-no-clinic", is_flag=True, help="The installation's own instead of the clinic's."),
]


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take which entries are wanted as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), command)


@group.command("verify", clinic=False)
@click.option("--export", "export_file", type=_FILE, help="Check this CSV file that the audit page gave, instead.")
@as_json
def verify_trail(export_file: Path | None, as_json: bool) -> None:
    """Check that every sealed entry, of all clinics, is as it was sealed."""
    if export_file:
        _verify_export(export_file, as_json=as_json)
        return
    report = verify()
    problems = [
        {"position": one.position, "id": str(one.entry_id) if one.entry_id else None, "what": one.what}
        for one in report.problems
    ]
    if as_json:
        counts = {"checked": report.checked, "unsealed": report.unsealed, "total": report.total}
        click.echo(json.dumps({**counts, "problems": problems}, indent=2))
    else:
        show_rows(problems, ["position", "id", "what"])
    info(_summary(report))
    if report.total:
        raise SystemExit(FAILED)


@group.command("list", needs="audit:read")
@filter_options
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
def list_entries(limit: int, as_json: bool, of_no_clinic: bool, **options: str | None) -> None:
    """List entries, the latest first."""
    filters = load_options(AuditQuery(), options)
    found = audit_service.list(limit=limit, of_no_clinic=of_no_clinic, **_asked(filters))
    record_listing("audit_entries", (entry.patient_id for entry in found.rows if entry.patient_id))
    show_rows([written(entry) for entry in found.rows], COLUMNS, as_json=as_json)


@group.command("export", needs="audit:read")
@filter_options
def export(of_no_clinic: bool, **options: str | None) -> None:
    """Print entries as lines of JSON, the oldest first; that you did is noted."""
    filters = load_options(AuditQuery(), options)
    for entry in audit_service.export(of_no_clinic=of_no_clinic, **_asked(filters)):
        click.echo(json.dumps(entry, ensure_ascii=False))


def _verify_export(file: Path, *, as_json: bool) -> None:
    """Say whether a file is as it was exported, and fail if it is not."""
    sound = has_valid_signature(file)
    if as_json:
        click.echo(json.dumps({"is_as_exported": sound}, indent=2))
    info(_SOUND_EXPORT if sound else _CHANGED_EXPORT)
    if not sound:
        raise SystemExit(FAILED)


def _asked(filters: dict[str, Any]) -> dict[str, Any]:
    """Leave out which portion is wanted: a terminal shows the first one."""
    return {name: value for name, value in filters.items() if name not in {"limit", "cursor"}}


def _summary(report: Report) -> str:
    if not report.total:
        kept = "" if report.is_head_kept else ". This machine has kept no seal apart"
        return f"{report.checked} entries are as they were sealed, {report.unsealed} not sealed yet{kept}"
    wrong = f"{report.total} problems, the first {len(report.problems)} above; {report.checked} entries were checked"
    if report.total >= report.checked:
        return f"{wrong}. When nothing fits: is CLINIC_AUDIT_KEY, or instance/audit_key, the one of the seals?"
    return wrong
