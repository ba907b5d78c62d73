"""How people speak of appointments and practitioners, where it is told what was done with them."""

from flask import get_template_attribute

from clinic.appointments.pages import REASONS
from clinic.appointments.service import practitioner_service
from clinic.core.modules import RecordLabels


def _state_word(state: str) -> str:
    states: dict[str, tuple[str, str, str]] = get_template_attribute("appointments/_states.html", "states")
    return states[state][0] if state in states else state


AUDIT_LABELS = {
    "appointments": RecordLabels(
        "an appointment",
        "appointments",
        labels={
            "patient_id": "Patient",
            "practitioner_id": "With",
            "starts_at": "From",
            "ends_at": "Until",
            "status": "State",
            "cancel_reason": "Cancelled by",
            "cancel_note": "Note",
        },
        formatters={"status": _state_word, "cancel_reason": REASONS.get},
        references={"practitioner_id": "practitioners"},
        action_labels={"created": "Booked an appointment"},
        endpoint="appointments.show",
        argument="appointment_id",
    ),
    "practitioners": RecordLabels(
        "a practitioner",
        "practitioners",
        labels={"name": "Name", "speciality": "Speciality", "active": "Works here"},
        names=practitioner_service.names,
    ),
}
