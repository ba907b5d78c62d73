"""Labels of appointments and practitioners in the audit trail."""

from flask import get_template_attribute

from clinic.appointments.pages.appointment import REASONS
from clinic.appointments.service import practitioner_service
from clinic.core.modules import RecordLabels


def _state_label(state: str) -> str:
    states: dict[str, tuple[str, str, str]] = get_template_attribute("appointments/_states.html", "states")
    return states[state][0] if state in states else state


AUDIT_LABELS = {
    "appointments": RecordLabels(
        "an appointment",
        "appointments",
        labels={
            "patient_id": "Patient",
            "practitioner_id": "Practitioner",
            "starts_at": "Start",
            "ends_at": "End",
            "status": "Status",
            "cancel_reason": "Cancelled by",
            "cancel_note": "Note",
        },
        formatters={"status": _state_label, "cancel_reason": REASONS.get},
        references={"practitioner_id": "practitioners"},
        action_labels={"created": "Booked an appointment"},
        endpoint="appointments.show",
        argument="appointment_id",
    ),
    "practitioners": RecordLabels(
        "a practitioner",
        "practitioners",
        labels={"name": "Name", "speciality": "Speciality", "active": "Active"},
        names=practitioner_service.names,
    ),
}
