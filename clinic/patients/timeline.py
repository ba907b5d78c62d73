"""The timeline of a patient: what the records of all modules say happened."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from clinic.core.timeline import Timeline, read_timeline
from clinic.core.timeline_statement import Position
from clinic.identity.actor_names import actor_names
from clinic.patients.models import Patient


class PatientTimeline:
    """The part of PatientService that reads timelines."""

    def timeline(
        self,
        patient: Patient,
        *,
        kind: str | None = None,
        limit: int,
        after: Position | None = None,
        counted: bool = False,
        partial: bool = False,
    ) -> Timeline:
        """Return what happened to a patient, the latest first, as far as the current actor may see it.

        With `counted`, all entries are counted by kind; with `partial`, what can't be read is only named.
        """
        found = read_timeline(
            subject_ids(patient), kind=kind, limit=limit, after=after, counted=counted, partial=partial
        )
        names = actor_names(entry.row.actor for entry in found.entries if entry.row.actor)
        named = [replace(entry, actor_name=names.get(entry.row.actor or "")) for entry in found.entries]
        return replace(found, entries=named)


def subject_ids(patient: Patient) -> Sequence[UUID]:
    """Return the ids under which a patient's records are found in the timeline: those of merged records, too."""
    return patient.record_ids
