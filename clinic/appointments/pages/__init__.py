"""Pages of the schedule: a day, booking, an appointment and its cancellation, working hours and closures."""

from clinic.appointments.pages import appointment, booking, closures, exceptions, hours, schedule
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["appointment", "blueprint", "booking", "closures", "exceptions", "hours", "schedule"]
