"""JSON endpoints of appointments, and of who offers them, when, where and for what."""

from clinic.appointments.api import (
    appointments,
    availability,
    closures,
    exceptions,
    hours,
    practitioners,
    rooms,
    services,
)

BLUEPRINTS = (
    appointments.blueprint,
    availability.blueprint,
    practitioners.blueprint,
    rooms.blueprint,
    services.blueprint,
    hours.blueprint,
    hours.opening_blueprint,
    exceptions.blueprint,
    closures.blueprint,
)
