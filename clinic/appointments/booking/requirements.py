"""What an appointment needs: possible times, a practitioner who offers the service, a room."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.appointments.booking.conflicts import ZoneChanged
from clinic.appointments.models import Practitioner, Room, Service
from clinic.appointments.rules import day_problem, span_problem
from clinic.core.clock import today, wall_day
from clinic.core.db import db
from clinic.core.db.transaction import keep_loaded
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import patient_service

NO_PRACTITIONER = "There is no such practitioner"
INACTIVE_PRACTITIONER = "This practitioner takes no appointments any more"
NO_SERVICE = "There is no such service"
INACTIVE_SERVICE = "This service is not offered any more"
NOT_THEIRS = "This practitioner does not offer this service"
NO_ROOM = "There is no such room"
INACTIVE_ROOM = "This room is not used any more"
OTHER_ROOM = "This service does not take place in this room"

_IN_ONE_QUERY = (joinedload(Service.offered_by), joinedload(Service.takes_place_in))


def check_patient(patient_id: UUID, starts_at: datetime) -> None:
    """Check that a patient, who is locked, can have a visit.

    :raises InactivePatient: if the record is archived, or the patient has died
    """
    patient_service.check_bookable(patient_service.get(patient_id), starts_at)


def check_practitioner(practitioner_id: UUID) -> None:
    """Check that somebody takes appointments.

    :raises InvalidInput: if there is no such practitioner, or they are not active
    """
    practitioner = db.session.get(Practitioner, practitioner_id)
    if practitioner is None:
        raise InvalidInput(NO_PRACTITIONER, field="practitioner_id")
    if not practitioner.active:
        raise InvalidInput(INACTIVE_PRACTITIONER, field="practitioner_id")


def find_service(service_id: UUID | None) -> Service | None:
    """Return an active service, None for none.

    :raises InvalidInput: if there is no such service, or it is not active
    """
    if service_id is None:
        return None
    service = db.session.get(Service, service_id, options=_IN_ONE_QUERY)
    if service is None:
        raise InvalidInput(NO_SERVICE, field="service_id")
    if not service.active:
        raise InvalidInput(INACTIVE_SERVICE, field="service_id")
    return service


def preload_service_and_room(service_id: UUID | None, room_id: UUID | None) -> None:
    """Read a service and a room, if both are wanted, in one query, so that looking for each takes none."""
    if service_id is None or room_id is None:
        return
    both = select(Service, Room).join(Room, Room.id == room_id).where(Service.id == service_id)
    if found := db.session.execute(both.options(*_IN_ONE_QUERY)).unique().one_or_none():
        keep_loaded(*found)


def check_offered(service: Service | None, practitioner_id: UUID) -> None:
    """Check that a practitioner offers a service.

    :raises InvalidInput: if they don't
    """
    if service is not None and not service.is_offered_by(practitioner_id):
        raise InvalidInput(NOT_THEIRS, field="service_id")


def candidate_rooms(service: Service | None, room_id: UUID | None) -> Sequence[Room]:
    """Return the rooms to choose from: only the given room, else the rooms of the service, ordered by name.

    :raises InvalidInput: if the given room does not exist, is not active or is not one of the service's
    """
    of_service = [] if service is None else _rooms_of(service)
    if room_id is None:
        return [room for room in of_service if room.active]
    room = db.session.get(Room, room_id)
    if room is None:
        raise InvalidInput(NO_ROOM, field="room_id")
    if not room.active:
        raise InvalidInput(INACTIVE_ROOM, field="room_id")
    if of_service and room not in of_service:
        raise InvalidInput(OTHER_ROOM, field="room_id")
    return [room]


def _rooms_of(service: Service) -> Sequence[Room]:
    return sorted((row.room for row in service.takes_place_in), key=lambda room: (room.name, room.id))


def check_zone(zone: str | None) -> None:
    """Check, with the practitioner locked, that the clinic still has the time zone in which a time was understood.

    :raises ZoneChanged: if it was changed meanwhile
    """
    if zone not in {None, clinic_service.current(reload=True).zone}:
        raise ZoneChanged


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    """Check the start and the end of an appointment, whatever else is booked.

    :raises InvalidInput: if the end is not after the start, or they are too far apart, too early or too late
    """
    if problem := span_problem(starts_at, ends_at):
        raise InvalidInput(problem, field="ends_at")
    zone = clinic_service.current().zone
    if problem := day_problem(wall_day(starts_at, zone), today(zone)):
        raise InvalidInput(problem, field="starts_at")
