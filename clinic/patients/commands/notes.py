"""`flask patients notes`, `add-note`, `edit-note`, `end-note` and `restore-note`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.commands.group import as_json, group
from clinic.patients.commands.patients import find_patient
from clinic.patients.schemas.notes import NoteSchema
from clinic.patients.service import PatientNote, note_service
from clinic.web.cli import load_options, show_record, show_rows, with_header
from clinic.web.merge_patch import patch_schema

COLUMNS = ["kind", "text", "created_at", "recorded_by", "ended_at", "id"]
text_option = click.option("--text", metavar="TEXT", help="The note.")
kind_option = click.option("--kind", metavar="KIND", help="note, or alert: shown on opening the record and on booking.")


@group.command("notes", needs="patients:read")
@click.argument("wanted", metavar="PATIENT")
@click.option("--all", "show_all", is_flag=True, help="Former notes too.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@with_header
def list_notes(wanted: str, show_all: bool, limit: int, as_json: bool) -> None:
    """List the notes about a PATIENT, alerts among them, the latest first."""
    patient = find_patient(wanted)
    found = note_service.list(patient.id, ended=None if show_all else False, limit=limit)
    record_view("patient_notes", None, patient.id)
    show_rows(NoteSchema(many=True).dump(found.rows), COLUMNS, as_json=as_json)


@group.command("add-note", needs="patients:write")
@click.argument("wanted", metavar="PATIENT")
@text_option
@kind_option
@as_json
def add(wanted: str, as_json: bool, **options: str | None) -> None:
    """Add a note about a PATIENT.

    For example: flask patients add-note P-000049 --kind alert --text 'Step-free entrance only'
    """
    fields = load_options(NoteSchema(), options)
    patient = find_patient(wanted)
    _save(lambda: note_service.create(patient.id, **fields), as_json)


@group.command("edit-note", needs="patients:write")
@click.argument("note_id", type=click.UUID)
@text_option
@kind_option
@as_json
def edit(note_id: UUID, as_json: bool, **options: str | None) -> None:
    """Change the given fields of a note."""
    fields: dict[str, Any] = load_options(patch_schema(NoteSchema), options)
    _save(lambda: note_service.update(note_id, **fields), as_json)


@group.command("end-note", needs="patients:write")
@click.argument("note_id", type=click.UUID)
@as_json
def end(note_id: UUID, as_json: bool) -> None:
    """End a note: it is kept among the former ones."""
    _save(lambda: note_service.end(note_id), as_json)


@group.command("restore-note", needs="patients:write")
@click.argument("note_id", type=click.UUID)
@as_json
def restore(note_id: UUID, as_json: bool) -> None:
    """Show a note again that was ended."""
    _save(lambda: note_service.restore(note_id), as_json)


def _save(change: Callable[[], PatientNote], as_json: bool) -> None:
    """Carry out a change, record the view of its record with it, and show the record."""
    with unit_of_work():
        note = change()
        record_view("patient_notes", note.id, note.patient_id)
    show_record(NoteSchema().dump(note), as_json=as_json)
