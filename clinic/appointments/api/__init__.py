"""JSON endpoints of appointments and of who offers them."""

from clinic.appointments.api import appointments, practitioners

BLUEPRINTS = (appointments.blueprint, practitioners.blueprint)
