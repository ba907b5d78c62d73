"""Appointments at local times of a zone, many at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import insert, text

from clinic.appointments.service import Appointment
from clinic.core.clock import at_wall_time
from clinic.core.db import Base, db
from clinic.core.ids import new_id
from clinic.identity.clinics import clinic_service
from tests.appointments.schedule import OVERLAPS
from tests.assertions import rows

LISBON, MADRID, AZORES = "Europe/Lisbon", "Europe/Madrid", "Atlantic/Azores"
HALIFAX, SANTIAGO = "America/Halifax", "America/Santiago"
"""Their clocks change in opposite directions: one is ahead of the other for half of the year."""

HOUR = timedelta(hours=1)

APPOINTMENTS = Base.metadata.tables["appointments"]


def move_to(zone: str, *, seen: str | None = None) -> None:
    """Change the clinic's time zone."""
    clinic_service.update(version=None, seen=seen, zone=zone)


def as_stored(appointment: Appointment) -> Appointment:
    """Return an appointment as it is now."""
    db.session.expire_all()
    return db.session.get_one(Appointment, appointment.id)


def overlaps(app: Flask) -> int:
    """Return how many pairs of active appointments overlap, in SQL."""
    with app.app_context(), db.engine.connect() as connection:
        return int(connection.execute(text(OVERLAPS)).scalar_one())


def copies(app: Flask, first: Appointment, walls: Iterable[datetime], zone: str) -> None:
    """Add rows like an appointment at other local times, behind the service's back."""
    row = next(one for one in rows(app, "appointments") if one["id"] == first.id)
    shifts = [(wall, at_wall_time(wall, zone) - first.starts_at) for wall in walls]
    names = ("starts_at", "ends_at", "blocked_from", "blocked_until")
    added = [
        row | {"id": new_id(), "wall_start": wall, "zone": zone} | {name: getattr(first, name) + by for name in names}
        for wall, by in shifts
    ]
    with db.engine.begin() as connection:
        connection.execute(insert(APPOINTMENTS), added)


def every_half_hour(first: datetime, days: int = 1) -> list[datetime]:
    """Return the local times of some days from a midnight on."""
    return [first + timedelta(minutes=30 * step) for step in range(48 * days)]
