"""JSON endpoints of appointments, and of who offers them, where and for what."""

from clinic.appointments.api import appointments, practitioners, rooms, services

BLUEPRINTS = (appointments.blueprint, practitioners.blueprint, rooms.blueprint, services.blueprint)
