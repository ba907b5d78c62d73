"""Pages of the schedule: days, booking, appointments, hours, and the practitioners, rooms and services they need."""

from clinic.appointments.pages import (
    acts,
    appointment,
    booking,
    closures,
    exceptions,
    holidays,
    hours,
    links,
    moving,
    notes,
    practitioners,
    rooms,
    schedule,
    services,
)
from clinic.appointments.pages.blueprint import blueprint

__all__ = [
    "acts",
    "appointment",
    "blueprint",
    "booking",
    "closures",
    "exceptions",
    "holidays",
    "hours",
    "links",
    "moving",
    "notes",
    "practitioners",
    "rooms",
    "schedule",
    "services",
]
