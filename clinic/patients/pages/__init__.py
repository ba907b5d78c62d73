"""Pages of patients, of their consent and of possible duplicates."""

from clinic.patients.pages import (
    candidates,
    consent,
    contact_in_use,
    duplicates,
    merge_with,
    merging,
    notes,
    patients,
    recalls,
    record_states,
    related_persons,
)
from clinic.patients.pages.blueprint import blueprint

__all__ = [
    "blueprint",
    "candidates",
    "consent",
    "contact_in_use",
    "duplicates",
    "merge_with",
    "merging",
    "notes",
    "patients",
    "recalls",
    "record_states",
    "related_persons",
]
