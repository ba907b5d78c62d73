"""The commands `flask patients …`."""

from clinic.patients.commands import (
    consent,
    duplicates,
    merging,
    notes,
    patients,
    recalls,
    record_states,
    related_persons,
    search,
    timeline,
)
from clinic.patients.commands.group import group

__all__ = [
    "consent",
    "duplicates",
    "group",
    "merging",
    "notes",
    "patients",
    "recalls",
    "record_states",
    "related_persons",
    "search",
    "timeline",
]
