"""Pages of the notes of the desk about a patient: list with the form of a new one, and the form of one."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.audit.service import audit_service
from clinic.core.audit import record_view
from clinic.core.errors import StaleVersion
from clinic.identity.actor_names import actor_names
from clinic.patients.note_rules import NOTE_KINDS
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.pages.refused import refused_page
from clinic.patients.schemas.notes import NoteSchema
from clinic.patients.service import InvalidNote, NoteEnded, PatientNote, note_service, patient_service
from clinic.web.authorization import requires
from clinic.web.edit_conflict import field_differences
from clinic.web.forms import Form, initial_form, load_form, posted_from, refuse, sent_version
from clinic.web.idempotency import idempotent
from clinic.web.json_api import ListQuery
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.toasts import flash_with_undo

PAGE = 50
LABELS = {"text": "Text", "kind": "Kind"}


@blueprint.get("/<uuid:patient_id>/notes")
@requires("patients:read")
def notes(patient_id: UUID) -> ResponseReturnValue:
    """List the notes about a patient, former ones too, with the form of a new one."""
    _, after = parse_list_query(ListQuery(only=("cursor",)))
    return _notes_page(patient_id, initial_form(), after)


@blueprint.post("/<uuid:patient_id>/notes")
@requires("patients:write")
@idempotent
def create_note(patient_id: UUID) -> ResponseReturnValue:
    """Add a note from the form."""
    form = load_form(NoteSchema())
    if form.errors:
        return _notes_page(patient_id, form), 422
    try:
        note = note_service.create(patient_id, **form.data)
    except InvalidNote as error:
        return refuse(_notes_page(patient_id, form.reject(error)), error)
    flash(f"{NOTE_KINDS[note.kind]} added")
    return redirect(url_for(".show", patient_id=patient_id), 303)


@blueprint.get("/notes/<uuid:note_id>/edit")
@requires("patients:write")
def edit_note(note_id: UUID) -> ResponseReturnValue:
    """Show the form of a note."""
    note = note_service.get(note_id)
    return _note_page(note, initial_form({"text": note.text, "kind": note.kind}, version=note.version))


@blueprint.post("/notes/<uuid:note_id>/edit")
@requires("patients:write")
@idempotent
def update_note(note_id: UUID) -> ResponseReturnValue:
    """Change a note as the form says."""
    note, form = note_service.get(note_id), load_form(NoteSchema())
    if form.errors:
        return _note_page(note, form), 422
    try:
        note_service.update(note_id, version=sent_version(), **form.data)
    except (InvalidNote, NoteEnded) as error:
        return refuse(_note_page(note_service.get(note_id), form.reject(error)), error)
    except StaleVersion:
        return _conflict_page(note_service.get(note_id), form), 409
    flash("Saved")
    return redirect(url_for(".show", patient_id=note.patient_id), 303)


@blueprint.route("/notes/<uuid:note_id>/end", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_note", "note_id")
@idempotent
def end_note(note_id: UUID) -> ResponseReturnValue:
    """End a note."""
    return _change(note_id, note_service.end, "Ended: it is kept among the former notes.", ".restore_note")


@blueprint.route("/notes/<uuid:note_id>/restore", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".edit_note", "note_id")
@idempotent
def restore_note(note_id: UUID) -> ResponseReturnValue:
    """Show a note again that was ended."""
    return _change(note_id, note_service.restore, "Shown again.", ".end_note")


def _change(note_id: UUID, change: Callable[..., PatientNote], text: str, undo: str) -> ResponseReturnValue:
    """End or restore a note, and offer to undo that."""
    try:
        note = change(note_id, version=sent_version())
    except StaleVersion as error:
        return refused_page(note_service.get(note_id).patient_id, error)
    flash_with_undo(text, url_for(undo, note_id=note_id), version=note.version)
    return redirect(url_for(".show", patient_id=note.patient_id), 303)


def _notes_page(patient_id: UUID, form: Form, after: tuple[UUID] | None = None) -> str:
    patient = patient_service.get(patient_id)
    record_view("patient_notes", None, patient.id)
    found = note_service.list(patient_id, limit=PAGE, after=after)
    return render_template(
        "patients/notes.html",
        patient=patient,
        form=form,
        found=found,
        names=actor_names(note.ended_by for note in found.rows if note.ended_by),
        next_url=next_url(found, {}),
    )


def _note_page(note: PatientNote, form: Form) -> str:
    record_view("patient_notes", note.id, note.patient_id)
    patient = patient_service.get(note.patient_id)
    names = actor_names([note.ended_by] if note.ended_by else [])
    return render_template("patients/note.html", patient=patient, note=note, form=form, names=names)


def _conflict_page(note: PatientNote, form: Form) -> str:
    """Return both versions of a note that somebody else has changed, to choose from field by field."""
    record_view("patient_notes", note.id, note.patient_id)
    theirs = {"text": note.text, "kind": note.kind}
    return render_template(
        "patients/note_conflict.html",
        note=note,
        fields=field_differences(LABELS, form.data, theirs, {"kind": NOTE_KINDS.__getitem__}),
        version=note.version,
        saved_at=note.updated_at,
        change=audit_service.last_change("patient_notes", note.id),
    )
