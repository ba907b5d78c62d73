"""Commands of the audit trail: `flask audit …`."""

import json
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from clinic.audit.export_signature import has_valid_signature
from clinic.audit.schemas import AuditQuery
from clinic.audit.service import audit_service
from clinic.audit.verification import Problem, Report, verify
from clinic.core.audit import record_listing, serialize_entry
from clinic.web.cli import CommandGroup, load_options, show_rows, with_header
from clinic.web.cli_errors import FAILED
from clinic.web.cli_output import info, output

COLUMNS = ["at", "actor", "action", "record", "record_id", "patient_id", "address", "request_id", "changes"]

group = CommandGroup("audit", clinic=True, help="The audit trail: who changed what, and who viewed whose records.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_VALID_EXPORT = "The file is as it was exported"
_INVALID_EXPORT = (
    "The file is not as it was exported: it was changed or truncated, or saved again by another program, "
    "like a spreadsheet"
)
_FILTERS = [
    click.option("--actor", help="Only actions of this actor, like cli:maria@desk."),
    click.option("--action", help="Only this action: created, changed, deleted, viewed, listed, exported …"),
    click.option("--record", help="Only this type of record, like patients."),
    click.option("--patient-id", metavar="ID", help="Only entries of this patient."),
    click.option("--since", metavar="WHEN", help="At this time or later, like 2026-11-23T09:30:00+01:00."),
    click.option("--before", metavar="WHEN", help="Before this time."),
    click.option("--of-no-clinic", is_flag=True, help="Entries of the installation instead of the clinic's."),
]


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters of entries as options of a command."""
    return reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), command)


@group.command("verify", clinic=False)
@click.option("--export", "export_file", type=_FILE, help="Verify this CSV file, exported by the audit page, instead.")
@as_json
@with_header
def verify_trail(export_file: Path | None, as_json: bool) -> None:
    """Verify that the sealed entries of all clinics are unchanged."""
    if export_file:
        _verify_export(export_file, as_json=as_json)
        return
    report = verify()
    problems = [_problem_fields(problem) for problem in report.problems]
    if as_json:
        counts = {"checked": report.checked, "unsealed": report.unsealed, "total": report.total}
        output(json.dumps({**counts, "problems": problems}, indent=2))
    else:
        show_rows(problems, ["position", "id", "what"])
    info(_summary(report))
    if report.total:
        raise SystemExit(FAILED)


@group.command("list", needs="audit:read")
@filter_options
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_entries(limit: int, as_json: bool, of_no_clinic: bool, **options: str | None) -> None:
    """List entries, the latest first."""
    filters = load_options(AuditQuery(), options)
    found = audit_service.list(limit=limit, of_no_clinic=of_no_clinic, **_service_filters(filters))
    record_listing("audit_entries", (entry.subject_id for entry in found.rows if entry.subject_id))
    show_rows([serialize_entry(entry) for entry in found.rows], COLUMNS, as_json=as_json)


@group.command("export", needs="audit:read")
@filter_options
def export(of_no_clinic: bool, **options: str | None) -> None:
    """Print entries as lines of JSON, the oldest first; the export itself is recorded."""
    filters = load_options(AuditQuery(), options)
    for entry in audit_service.export(of_no_clinic=of_no_clinic, **_service_filters(filters)):
        output(json.dumps(entry, ensure_ascii=False))


def _verify_export(file: Path, *, as_json: bool) -> None:
    """Print whether a file is as it was exported; exit with an error if it is not."""
    is_valid = has_valid_signature(file)
    if as_json:
        output(json.dumps({"is_as_exported": is_valid}, indent=2))
    info(_VALID_EXPORT if is_valid else _INVALID_EXPORT)
    if not is_valid:
        raise SystemExit(FAILED)


def _problem_fields(problem: Problem) -> dict[str, Any]:
    entry_id = str(problem.entry_id) if problem.entry_id else None
    return {"position": problem.position, "id": entry_id, "what": problem.description}


def _service_filters(filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filters without those of pagination."""
    return {name: value for name, value in filters.items() if name not in {"limit", "cursor"}}


def _summary(report: Report) -> str:
    if not report.total:
        missing = "" if report.has_checkpoint else ". This machine has no checkpoint"
        return f"{report.checked} sealed entries verified, {report.unsealed} not sealed yet{missing}"
    text = f"{report.total} problems, the first {len(report.problems)} above; {report.checked} entries checked"
    if report.total >= report.checked:
        return f"{text}. If every entry fails: is CLINIC_AUDIT_KEY, or instance/audit_key, the key of these seals?"
    return text
