"""What rows of patients show beside the records: columns of other modules, and flags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clinic.core.modules import list_badges
from clinic.core.subject_lists import Flag
from clinic.patients.lists import LIST, without_reminders
from clinic.patients.service import Patient


@dataclass(frozen=True)
class RowAdditions:
    """Columns that modules add to rows of patients, and the flags of each patient."""

    columns: Sequence[Any]
    flags: Mapping[UUID, Sequence[Flag]]


def row_additions(patients: Sequence[Patient]) -> RowAdditions:
    """Return what rows of patients show beside the records, for all of them at once."""
    badges = list_badges(LIST, [patient.id for patient in patients])
    columns = [column for one in badges for column in one.columns]
    return RowAdditions(columns, _flags(patients, [one.flags for one in badges]))


def _flags(patients: Sequence[Patient], added: Sequence[Mapping[Any, Sequence[Flag]]]) -> dict[UUID, list[Flag]]:
    """Return the flags of each row: only what changes what the desk does."""
    silent = without_reminders([patient.id for patient in patients]) if patients else set()
    flags: dict[UUID, list[Flag]] = {}
    for patient in patients:
        own: list[Flag] = [("Archived", "", None)] if patient.state == "archived" else []
        own += [("Deceased", "", None)] if patient.deceased_on else []
        own += [("No reminders", "warn", "ban")] if patient.id in silent and not patient.deceased_on else []
        flags[patient.id] = own + [flag for one in added for flag in one.get(patient.id, ())]
    return flags
