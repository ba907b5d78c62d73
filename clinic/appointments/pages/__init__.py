"""Pages of the schedule: days, booking, moving, appointments; practitioners, rooms, services and working hours."""

from clinic.appointments.pages import (
    appointment,
    booking,
    closures,
    exceptions,
    hours,
    links,
    moving,
    practitioners,
    rooms,
    schedule,
    services,
)
from clinic.appointments.pages.blueprint import blueprint

__all__ = [
    "appointment",
    "blueprint",
    "booking",
    "closures",
    "exceptions",
    "hours",
    "links",
    "moving",
    "practitioners",
    "rooms",
    "schedule",
    "services",
]
