"""NoteService: the notes of the desk about patients, and their alerts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page, paginate
from clinic.core.db.transaction import get_version_for_update
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.actor_names import current_actor_name
from clinic.patients.errors import InvalidNote, NoteEnded, NoteNotFound
from clinic.patients.merging.merged_records import lock_patient, unmerged
from clinic.patients.models import Patient, PatientNote
from clinic.patients.note_rules import ALERT, LONGEST_ALERT, NOTE

MOST_SHOWN = 50
"""The most notes of one patient that a page shows."""


class NoteService:
    """The notes about the patients of the current clinic."""

    def create(self, patient_id: UUID, *, text: str, kind: str = NOTE) -> PatientNote:
        """Add a note about a patient.

        :raises PatientNotFound: if no record has that id
        :raises InvalidNote: if an alert is too long
        """
        with unit_of_work():
            lock_patient(patient_id)
            note = PatientNote(patient_id=patient_id, text=text, kind=kind, **_author())
            _check_length(note)
            db.session.add(note)
            db.session.flush()
        return note

    def update(self, note_id: UUID, *, version: int | None = None, **fields: str) -> PatientNote:
        """Change the `text` of a note, or its `kind`.

        :raises NoteNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        :raises NoteEnded: if it was ended
        :raises InvalidNote: if an alert is too long
        """
        with unit_of_work():
            note = _locked(note_id, version)
            if note.ended_at is not None:
                raise NoteEnded
            for name in fields.keys() & {"text", "kind"}:
                setattr(note, name, fields[name])
            _check_length(note)
            db.session.flush()
        return note

    def end(self, note_id: UUID, *, version: int | None = None) -> PatientNote:
        """End a note: it is shown among the former ones only; one that was ended stays as it is.

        :raises NoteNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            note = _locked(note_id, version)
            if note.ended_at is None:
                note.ended_at, note.ended_by = now(), current_actor().actor
            db.session.flush()
        return note

    def restore(self, note_id: UUID, *, version: int | None = None) -> PatientNote:
        """Show a note again that was ended.

        :raises NoteNotFound: if there is none of that id
        :raises StaleVersion: if it has another version
        """
        with unit_of_work():
            note = _locked(note_id, version)
            note.ended_at = note.ended_by = None
            db.session.flush()
        return note

    def get(self, note_id: UUID) -> PatientNote:
        """Return a note.

        :raises NoteNotFound: if there is none of that id
        """
        note = db.session.get(PatientNote, note_id)
        if note is None:
            raise NoteNotFound
        return note

    def current(self, patient_id: UUID) -> Sequence[PatientNote]:
        """Return the notes of a patient that were not ended, alerts among them, the latest first."""
        wanted = _notes_of(patient_id).where(PatientNote.ended_at.is_(None))
        return db.session.scalars(wanted.order_by(PatientNote.id.desc()).limit(MOST_SHOWN)).all()

    def alerts(self, patient_id: UUID) -> Sequence[PatientNote]:
        """Return the alerts of a patient, the latest first."""
        wanted = _notes_of(patient_id).where(PatientNote.ended_at.is_(None), PatientNote.kind == ALERT)
        return db.session.scalars(wanted.order_by(PatientNote.id.desc()).limit(MOST_SHOWN)).all()

    def list(
        self,
        patient_id: UUID,
        *,
        kind: str | None = None,
        ended: bool | None = None,
        limit: int = DEFAULT_LIMIT,
        after: tuple[UUID] | None = None,
    ) -> Page[PatientNote]:
        """Return notes of a patient, the latest first; `ended` None returns former ones too.

        :raises PatientNotFound: if no record has that id
        """
        _check_patient(patient_id)
        wanted = _notes_of(patient_id)
        if kind is not None:
            wanted = wanted.where(PatientNote.kind == kind)
        if ended is not None:
            wanted = wanted.where(PatientNote.ended_at.is_not(None) if ended else PatientNote.ended_at.is_(None))
        return paginate(wanted, [PatientNote.id], limit=limit, after=after, descending=True)


note_service = NoteService()


def _author() -> dict[str, str]:
    """Return the current actor and the name, which a note keeps."""
    return {"recorded_by": current_actor().actor, "author": current_actor_name()[:200]}


def _notes_of(patient_id: UUID) -> Select[Any]:
    return select(PatientNote).where(PatientNote.patient_id == patient_id)


def _locked(note_id: UUID, version: int | None) -> PatientNote:
    return get_version_for_update(PatientNote, note_id, version, NoteNotFound)


def _check_patient(patient_id: UUID) -> None:
    unmerged(db.session.get(Patient, patient_id))


def _check_length(note: PatientNote) -> None:
    if note.kind == ALERT and len(note.text) > LONGEST_ALERT:
        raise InvalidNote(f"Enter at most {LONGEST_ALERT} characters for an alert", field="text")
