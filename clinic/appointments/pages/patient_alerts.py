"""The alerts of the patient for whom an appointment is booked or moved."""

from collections.abc import Sequence

from clinic.core.context import current_actor
from clinic.patients.service import Patient, PatientNote, note_service


def alerts_of(patient: Patient | None) -> Sequence[PatientNote]:
    """Return a patient's alerts, none for those who may not see patients."""
    if patient is None or not current_actor().has_permission("patients:read"):
        return ()
    return note_service.alerts(patient.id)
