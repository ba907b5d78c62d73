"""Pages of the schedule: days, booking, appointments, and the practitioners, rooms and services that they need."""

from clinic.appointments.pages import appointment, booking, links, practitioners, rooms, schedule, services
from clinic.appointments.pages.blueprint import blueprint

__all__ = ["appointment", "blueprint", "booking", "links", "practitioners", "rooms", "schedule", "services"]
