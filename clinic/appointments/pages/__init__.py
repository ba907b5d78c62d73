"""Pages of the schedule: a day, booking, an appointment and its cancellation."""

from clinic.appointments.pages import acts, appointment, booking, schedule
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["acts", "appointment", "blueprint", "booking", "schedule"]
