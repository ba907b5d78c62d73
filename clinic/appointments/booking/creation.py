"""New appointments: the part of AppointmentService that gives appointments their first time."""

from datetime import datetime
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from clinic.appointments.booking.changes import occupy
from clinic.appointments.booking.conflicts import Unavailable
from clinic.appointments.booking.events import APPOINTMENT_ARRIVED, APPOINTMENT_SCHEDULED, publish
from clinic.appointments.booking.history import record_move
from clinic.appointments.booking.locks import lock_appointment, lock_resources
from clinic.appointments.booking.moves import guarded_unit_of_work
from clinic.appointments.booking.placing import Check, Placement, Request, find_placement
from clinic.appointments.booking.requirements import (
    candidate_rooms,
    check_offered,
    check_patient,
    check_practitioner,
    check_times,
    check_zone,
    find_service,
)
from clinic.appointments.free_times.availability import offer_next_free
from clinic.appointments.models import Appointment
from clinic.appointments.rules import ARRIVED, BOOKED, FULFILLED, TRANSITIONS
from clinic.core.clock import now, today, wall_day
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.events.types import EventType
from clinic.identity.clinics import clinic_service

NOT_TODAY = "A patient who has come without an appointment has one today"
NOT_OVER = "A past visit has begun already"


class BookingFields(TypedDict):
    """What an appointment is made of.

    Without a room it takes one of those of the service, if it has any. `reason` is that of the visit. With an
    `overbook_reason`, somebody with the permission `appointments:overbook` books outside working hours, in the past or
    over another appointment; it is stored only if that was necessary.
    """

    patient_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    service_id: NotRequired[UUID | None]
    room_id: NotRequired[UUID | None]
    reason: NotRequired[str | None]
    note: NotRequired[str | None]
    overbook_reason: NotRequired[str | None]


class AppointmentBooking:
    """New appointments, and what is written about them."""

    def create(self, **fields: Unpack[BookingFields]) -> Appointment:
        """Book an appointment, and publish `appointment.scheduled`.

        What an import adds is from the past: it is only checked against other appointments.

        :raises InvalidInput: if a patient, practitioner, service or room does not exist or does not suit the others, or
            the times are impossible
        :raises InactivePatient: if the patient's record is archived, or the patient has died
        :raises SlotTaken: if the practitioner, the room or the patient has another appointment at that time
        :raises NotOffered: if it is outside working time, past, too soon or too far ahead
        :raises ZoneChanged: if the clinic's time zone is changed at this moment
        :raises PermissionDenied: if it could be overbooked, but the current actor may not
        """
        check = Check.SHARED if current_actor().is_import else Check.ALL
        return _book(BOOKED, check, APPOINTMENT_SCHEDULED, fields)

    def add(self, *, status: str = BOOKED, **fields: Unpack[BookingFields]) -> Appointment:
        """Add an appointment that is booked, of a patient who has arrived, or of a visit that is over (`fulfilled`).

        It raises what `create`, `walk_in` and `record_past` do.
        """
        add = {BOOKED: self.create, ARRIVED: self.walk_in, FULFILLED: self.record_past}[status]
        return add(**fields)

    def walk_in(self, **fields: Unpack[BookingFields]) -> Appointment:
        """Add an appointment of a patient who has come without one, and publish `appointment.arrived`.

        It is today; notice and horizon don't apply. It raises what `create` does.
        """
        zone = clinic_service.current().zone
        if wall_day(fields["starts_at"], zone) != today(zone):
            raise InvalidInput(NOT_TODAY, field="starts_at")
        return _book(ARRIVED, Check.PRESENT, APPOINTMENT_ARRIVED, fields)

    def record_past(self, **fields: Unpack[BookingFields]) -> Appointment:
        """Record a visit that took place without an appointment; nobody is notified.

        It is only checked against other appointments, and raises what `create` does.
        """
        if fields["starts_at"] > now():
            raise InvalidInput(NOT_OVER, field="starts_at")
        return _book(FULFILLED, Check.SHARED, None, fields)

    def update(self, appointment_id: UUID, *, version: int | None = None, **fields: str | None) -> Appointment:
        """Change the reason of the visit and the note, if they are given.

        :raises AppointmentNotFound: if no record has that id
        :raises StaleVersion: if it has another version
        """
        with guarded_unit_of_work():
            appointment = lock_appointment(appointment_id, version)
            for name in fields.keys() & {"reason", "note"}:
                setattr(appointment, name, fields[name])
            db.session.flush()
        return appointment


def _book(status: str, check: Check, event: EventType | None, fields: BookingFields) -> Appointment:
    """Add an appointment in a state, record it and publish an event."""
    zone = clinic_service.zone_so_far()
    request: Request | None = None
    try:
        with guarded_unit_of_work():
            request = _lock_request(fields)
            check_zone(zone)
            check_times(fields["starts_at"], fields["ends_at"])
            appointment = _added(request, status, find_placement(request, check, fields.get("overbook_reason")), fields)
            record_move(appointment, TRANSITIONS[None][status], None)
            if event is not None:
                publish(event, appointment)
    except Unavailable as error:
        offer_next_free(error, request)
        raise
    return appointment


def _added(request: Request, status: str, placement: Placement, fields: BookingFields) -> Appointment:
    appointment = Appointment(
        patient_id=request.patient_id,
        status=status,
        reason=fields.get("reason"),
        note=fields.get("note"),
    )
    occupy(appointment, request, placement, fields.get("overbook_reason") if placement.overbooked else None)
    db.session.add(appointment)
    db.session.flush()
    return appointment


def _lock_request(fields: BookingFields) -> Request:
    """Return what is to be booked, with everything locked that it would occupy.

    :raises InvalidInput: if something does not exist, is not active or does not suit the others
    :raises InactivePatient: if the patient's record is archived, or the patient has died
    """
    practitioner_id, service = fields["practitioner_id"], find_service(fields.get("service_id"))
    rooms = candidate_rooms(service, fields.get("room_id"))
    lock_resources([practitioner_id], [room.id for room in rooms], fields["patient_id"])
    check_patient(fields["patient_id"], fields["starts_at"])
    check_practitioner(practitioner_id)
    check_offered(service, practitioner_id)
    return Request(
        fields["patient_id"], practitioner_id, fields["starts_at"], fields["ends_at"], service=service, rooms=rooms
    )
