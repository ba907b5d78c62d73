"""JSON endpoints of patients, of their consent, their timeline and possible duplicates."""

from clinic.patients.api import (
    consent,
    duplicates,
    merging,
    notes,
    patients,
    recalls,
    record_states,
    related_persons,
    timeline,
)

BLUEPRINTS = (
    patients.blueprint,
    consent.blueprint,
    notes.blueprint,
    related_persons.blueprint,
    recalls.blueprint,
    timeline.blueprint,
    duplicates.blueprint,
    merging.blueprint,
)

__all__ = ["BLUEPRINTS", "record_states"]
