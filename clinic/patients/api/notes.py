"""JSON endpoints of notes about patients."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.api.changed_records import changed
from clinic.patients.schemas.notes import NoteQuery, NoteSchema
from clinic.patients.service import PatientNote, note_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    after_cursor,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "notes",
    __name__,
    path="",
    noun="note",
    description="Notes of the desk about patients, and alerts",
)


def _get_and_record_view(note_id: UUID) -> PatientNote:
    """Return a note, and record the view in the audit trail."""
    note = note_service.get(note_id)
    record_view("patient_notes", note.id, note.patient_id)
    return note


handle_stale_version(blueprint, _get_and_record_view, NoteSchema)


@blueprint.get("/patients/<uuid:patient_id>/notes")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.query(NoteQuery)
@blueprint.response(200, list_schema(NoteSchema), headers=LIST_HEADERS)
def index_notes(query: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """List the notes of a patient, the latest first."""
    filters = {name: query[name] for name in ("kind", "ended") if query.get(name) is not None}
    texts = sorted(f"{name}={value}" for name, value in filters.items())
    after: Any = after_cursor(query, *texts)
    found = note_service.list(patient_id, **filters, limit=query["limit"], after=after)
    record_view("patient_notes", None, patient_id)
    return listed(found, *texts)


@blueprint.post("/patients/<uuid:patient_id>/notes")
@requires("patients:write")
@blueprint.idempotent()
@blueprint.problems(404)
@blueprint.body(NoteSchema)
@blueprint.response(201, NoteSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Add a note about a patient, or an alert."""
    note = note_service.create(patient_id, **fields)
    return created(note, ".show", note_id=note.id)


@blueprint.get("/patient-notes/<uuid:note_id>")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, NoteSchema, headers=RECORD_HEADERS)
def show(note_id: UUID) -> ResponseReturnValue:
    """Return a note."""
    return single(_get_and_record_view(note_id))


@blueprint.patch("/patient-notes/<uuid:note_id>")
@requires("patients:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(NoteSchema)
@blueprint.response(200, NoteSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], note_id: UUID) -> ResponseReturnValue:
    """Update a note; 409 if it was ended."""
    version = expected_version(note_service.get)
    with unit_of_work():
        note = note_service.update(note_id, version=version, **fields)
        record_view("patient_notes", note.id, note.patient_id)
    return single(note)


@blueprint.post("/patient-notes/<uuid:note_id>/end")
@requires("patients:write")
@blueprint.action(NoteSchema, body=NothingSchema)
def end(_nothing: dict[str, Any], note_id: UUID) -> ResponseReturnValue:
    """End a note: it is kept among the former ones."""
    return changed(note_service.get, note_service.end, note_id)


@blueprint.post("/patient-notes/<uuid:note_id>/restore")
@requires("patients:write")
@blueprint.action(NoteSchema, body=NothingSchema)
def restore(_nothing: dict[str, Any], note_id: UUID) -> ResponseReturnValue:
    """Show a note again that was ended."""
    return changed(note_service.get, note_service.restore, note_id)
