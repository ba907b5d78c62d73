"""Errors of a time that can't be booked, at the field from which it came, with who or what is in the way."""

from clinic.appointments.booking.conflicts import SlotTaken, Unavailable
from clinic.appointments.service import Appointment, appointment_service, practitioner_service, room_service
from clinic.core.context import current_actor
from clinic.core.errors import ClinicError, Conflict, InvalidInput
from clinic.patients.service import patient_service
from clinic.web.forms import Form
from clinic.web.template_filters import time

_FIELDS = {"ends_at": "minutes", "patient_id": "patient"}


def reject_time(form: Form, error: ClinicError, zone: str) -> Form:
    """Add the error of a booking or a move to its form."""
    at = "slot" if form.value("slot") else "time"
    if isinstance(error, InvalidInput):
        fields = {"starts_at": at, **_FIELDS}
        problems = {fields.get(name, name): texts for name, texts in error.problems.items()}
        return form.reject(InvalidInput(error.message, problems=problems))
    if isinstance(error, SlotTaken) and error.conflicts:
        return form.reject(Conflict(_taken_text(error, zone)), at)
    return form.reject(error, at if isinstance(error, Unavailable) else "patient")


def _taken_text(error: SlotTaken, zone: str) -> str:
    """Return who or what has which appointment at the time that was wanted."""
    conflict = appointment_service.get(error.conflicts[0])
    span = f"{time(conflict.starts_at, zone)}–{time(conflict.ends_at, zone)}"
    practitioner = practitioner_service.get(conflict.practitioner_id).name
    if error.resource == "patient":
        taken = f"The patient has another appointment at this time, {span} with {practitioner}"
    elif error.resource == "room" and conflict.room_id:
        room = room_service.get(conflict.room_id).name
        taken = f"No room is free at this time: {room} is taken {span} by {_name(conflict)} with {practitioner}"
    else:
        taken = f"This time is taken: {practitioner} has an appointment {span} with {_name(conflict)}"
    return f"{taken}. Choose another time"


def _name(appointment: Appointment) -> str:
    """Return the patient's name, or the number for those who may not know it."""
    patient = patient_service.get(appointment.patient_id)
    return patient.full_name if current_actor().has_permission("patients:read") else patient.mrn
