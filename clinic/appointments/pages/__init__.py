"""Pages of the schedule: a day, booking, an appointment and its moves, working hours and closures."""

from clinic.appointments.pages import acts, appointment, booking, closures, exceptions, hours, schedule
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["acts", "appointment", "blueprint", "booking", "closures", "exceptions", "hours", "schedule"]
