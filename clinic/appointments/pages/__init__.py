"""Pages of the schedule: a day, booking, moving, an appointment and its cancellation."""

from clinic.appointments.pages import appointment, booking, moving, schedule
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["appointment", "blueprint", "booking", "moving", "schedule"]
