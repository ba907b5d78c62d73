"""AppointmentService: the interface of appointments for other modules, and the only code that writes them."""

from clinic.appointments.availability import AvailabilityService, FoundTimes, availability_service
from clinic.appointments.booking import AppointmentBooking
from clinic.appointments.conflicts import (
    AppointmentNotCancellable,
    AppointmentNotFound,
    IllegalTransition,
    NotOffered,
    PatientBusy,
    SlotTaken,
    Unavailable,
)
from clinic.appointments.hours import Hours, HoursService, hours_service
from clinic.appointments.hours_preview import AppointmentsOutside, Outside, Preview
from clinic.appointments.models import Appointment, AppointmentHistory, Practitioner
from clinic.appointments.moves import AppointmentMoves
from clinic.appointments.practitioners import PractitionerNotFound, PractitionerService, practitioner_service
from clinic.appointments.queries import AppointmentQueries
from clinic.appointments.rescheduling import AppointmentRescheduling
from clinic.appointments.slot_types import Reason, Refused, Slot


class AppointmentService(AppointmentQueries, AppointmentBooking, AppointmentRescheduling, AppointmentMoves):
    """The appointments of the current clinic: reading them, giving them a time, and moving them between their states.

    Each change locks what it concerns, is checked again under the lock, records one row in the history, and is
    published. The rules are in `rules.py`, the reasons why a time is not free come from `slots.py` only.
    """


appointment_service = AppointmentService()

__all__ = [
    "Appointment",
    "AppointmentHistory",
    "AppointmentNotCancellable",
    "AppointmentNotFound",
    "AppointmentService",
    "AppointmentsOutside",
    "AvailabilityService",
    "FoundTimes",
    "Hours",
    "HoursService",
    "IllegalTransition",
    "NotOffered",
    "Outside",
    "PatientBusy",
    "Practitioner",
    "PractitionerNotFound",
    "PractitionerService",
    "Preview",
    "Reason",
    "Refused",
    "Slot",
    "SlotTaken",
    "Unavailable",
    "appointment_service",
    "availability_service",
    "hours_service",
    "practitioner_service",
]
