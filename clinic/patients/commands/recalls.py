"""`flask patients recalls`, `add-recall`, `edit-recall`, `complete-recall`, `drop-recall` and `reopen-recall`."""

from collections.abc import Callable
from functools import reduce
from typing import Any
from uuid import UUID

import click

from clinic.core.audit import record_listing, record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.recall_rules import WORKLIST
from clinic.patients.schemas.recalls import RecallQuery, RecallSchema
from clinic.patients.service import Recall, recall_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["due_on", "state", "patient_id", "reason", "practitioner", "service", "author", "id"]
_OPTIONS = [
    click.option("--in-months", metavar="NUMBER", help="In so many months from today."),
    click.option("--due-on", metavar="DAY", help="The day, YYYY-MM-DD, instead of --in-months."),
    click.option("--reason", metavar="TEXT", help="What for."),
    click.option("--practitioner", metavar="NAME", help="With whom."),
    click.option("--service", metavar="NAME", help="Which service."),
]


def _recall_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the fields of a recall as options."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


@group.command("recalls", needs="patients:read")
@click.option("--show", metavar="PART", help=f"One of {', '.join(WORKLIST)}.")
@click.option("--patient", metavar="PATIENT", help="Of this patient.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_recalls(show: str | None, patient: str | None, limit: int, as_json: bool) -> None:
    """List recalls by their day."""
    filters = load_options(RecallQuery(only=("show",)), {"show": show})
    patient_id = find_patient(patient).id if patient else None
    found = recall_service.list(**filters, patient_id=patient_id, limit=limit)
    record_listing("recalls", (recall.patient_id for recall in found.rows))
    show_rows(RecallSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)


@group.command("add-recall", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@_recall_options
@as_json
def add(wanted: str, as_json: bool, **options: str | None) -> None:
    """Record when a PATIENT is to be seen again.

    For example: flask patients add-recall P-000049 --in-months 6 --reason 'Check-up'
    """
    fields = load_options(RecallSchema(), options)
    patient = find_patient(wanted)
    _save(lambda: recall_service.create(patient.id, **fields), as_json)


@group.command("edit-recall", needs="patients:write")
@click.argument("recall_id", type=click.UUID)
@_recall_options
@as_json
def edit(recall_id: UUID, as_json: bool, **options: str | None) -> None:
    """Change the given fields of a recall."""
    fields = load_options(patch_schema(RecallSchema), options)
    _save(lambda: recall_service.update(recall_id, **fields), as_json)


@group.command("complete-recall", needs="patients:write")
@click.argument("recall_id", type=click.UUID)
@as_json
def complete(recall_id: UUID, as_json: bool) -> None:
    """Record that a recall is done."""
    _save(lambda: recall_service.complete(recall_id), as_json)


@group.command("drop-recall", needs="patients:write")
@click.argument("recall_id", type=click.UUID)
@as_json
def drop(recall_id: UUID, as_json: bool) -> None:
    """Record that the patient is not to be seen again."""
    _save(lambda: recall_service.drop(recall_id), as_json)


@group.command("reopen-recall", needs="patients:write")
@click.argument("recall_id", type=click.UUID)
@as_json
def reopen(recall_id: UUID, as_json: bool) -> None:
    """Open a recall again."""
    _save(lambda: recall_service.reopen(recall_id), as_json)


def _save(change: Callable[[], Recall], as_json: bool) -> None:
    """Carry out a change, record the view of its record with it, and show the record."""
    with unit_of_work():
        recall = change()
        record_view("recalls", recall.id, recall.patient_id)
    show_record(RecallSchema().dump(recall), as_json=as_json)
