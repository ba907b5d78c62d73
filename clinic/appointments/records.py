"""How people speak of appointments and practitioners, where it is told what was done with them."""

from flask import get_template_attribute

from clinic.appointments.pages import REASONS
from clinic.appointments.service import practitioner_service
from clinic.core.modules import RecordKind


def _state_word(state: str) -> str:
    states: dict[str, tuple[str, str, str]] = get_template_attribute("appointments/_states.html", "states")
    return states[state][0] if state in states else state


KINDS = {
    "appointments": RecordKind(
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
        ways={"status": _state_word, "cancel_reason": REASONS.get},
        refers={"practitioner_id": "practitioners"},
        acts={"created": "Booked an appointment"},
        endpoint="appointments.show",
        argument="appointment_id",
    ),
    "practitioners": RecordKind(
        "a practitioner",
        "practitioners",
        labels={"name": "Name", "speciality": "Speciality", "active": "Works here"},
        names=practitioner_service.names,
    ),
}
