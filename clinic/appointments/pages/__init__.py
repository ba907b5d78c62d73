"""Pages of the schedule: a day, booking, an appointment and its cancellation."""

from clinic.appointments.pages import appointment, booking, schedule
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["appointment", "blueprint", "booking", "schedule"]
