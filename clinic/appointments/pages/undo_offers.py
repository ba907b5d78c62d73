"""The offer to undo what was just done with an appointment."""

from flask import url_for

from clinic.appointments.models import Appointment
from clinic.web.toasts import flash_with_undo


def offer_undo(appointment: Appointment, text: str, origin: str) -> None:
    """Show a message on the next page, with a button that takes back the last move of an appointment.

    The text says `{name}` instead of the patient's name; `origin` is the page after the undo: `day`, `appointment` or
    `patient`.
    """
    address = url_for("appointments.undo", appointment_id=appointment.id)
    flash_with_undo(text, address, version=appointment.version, origin=origin)
