"""Rooms, services and bookings that tests of the schedule begin with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from clinic.appointments.models import Practitioner, Room, Service
from clinic.appointments.service import Appointment, appointment_service, room_service, service_catalogue
from clinic.patients.service import Patient
from tests.builders import MONDAY, a_practitioner, somebody

OVERLAPS = """
SELECT COUNT(*) FROM appointments AS one JOIN appointments AS other
ON one.clinic_id = other.clinic_id AND one.id < other.id
AND one.status IN ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
AND other.status IN ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
AND ((one.patient_id = other.patient_id AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at)
OR ((one.practitioner_id = other.practitioner_id OR (one.room_id = other.room_id AND one.place = other.place))
AND one.blocked_from < other.blocked_until AND other.blocked_from < one.blocked_until))
"""
"""Pairs of active appointments that overlap; nothing here is overbooked."""


def a_room(name: str = "Room 1", places: int = 1) -> Room:
    """Add a room."""
    return room_service.create(name=name, places=places)


def a_service(name: str = "Check-up", rooms: Sequence[Room] = (), **fields: Any) -> Service:
    """Add a service of half an hour that everybody offers, in some rooms."""
    return service_catalogue.create(name=name, lengths=[30], room_ids=[room.id for room in rooms], **fields)


def fields_of(
    starts_at: datetime = MONDAY,
    minutes: int = 30,
    *,
    patient: Patient | None = None,
    practitioner: Practitioner | None = None,
    service: Service | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return what books an appointment, for a new patient with a new practitioner unless they are given."""
    return {
        "patient_id": fields.pop("patient_id", None) or (patient or somebody()).id,
        "practitioner_id": fields.pop("practitioner_id", None) or (practitioner or a_practitioner()).id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "service_id": service.id if service else None,
        **fields,
    }


def book(starts_at: datetime = MONDAY, minutes: int = 30, **fields: Any) -> Appointment:
    """Book an appointment, for a new patient with a new practitioner unless they are given."""
    return appointment_service.create(**fields_of(starts_at, minutes, **fields))
