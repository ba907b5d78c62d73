"""Moves of appointments to another time, practitioner, room or service: a part of AppointmentService."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from clinic.appointments.booking.changes import check_transition, occupy, snapshot
from clinic.appointments.booking.conflicts import Unavailable
from clinic.appointments.booking.events import APPOINTMENT_RESCHEDULED, publish
from clinic.appointments.booking.history import record_move
from clinic.appointments.booking.lanes import Position, promote_beside
from clinic.appointments.booking.locks import find_appointment, lock_with_resources
from clinic.appointments.booking.moves import guarded_unit_of_work
from clinic.appointments.booking.placing import Check, Request, find_placement
from clinic.appointments.booking.requirements import (
    candidate_rooms,
    check_offered,
    check_patient,
    check_practitioner,
    check_times,
    check_zone,
    find_service,
)
from clinic.appointments.booking.undoing import restore
from clinic.appointments.free_times.availability import offer_next_free
from clinic.appointments.models import Appointment, Room, Service
from clinic.core.db import db
from clinic.identity.clinics import clinic_service

AnyRoom = TypeVar("AnyRoom")


class AppointmentRescheduling:
    """Moves of appointments to other times."""

    def reschedule(
        self,
        appointment_id: UUID,
        *,
        starts_at: datetime,
        ends_at: datetime | None = None,
        practitioner_id: UUID | None = None,
        room_id: UUID | None = None,
        service_id: UUID | None = None,
        overbook_reason: str | None = None,
        version: int | None = None,
    ) -> Appointment:
        """Move an appointment to another time, practitioner, room or service; publish `appointment.rescheduled`.

        What is left out stays: the length, the practitioner, the service and, if it is free, the room. Its own time is
        not in its way. If nothing changes, nothing is done.

        :raises AppointmentNotFound: if no record has that id
        :raises StaleVersion: if it has another version
        :raises IllegalTransition: if the patient has arrived, or it is over, missed or cancelled
        :raises: what `create` raises
        """
        given, zone = _Move(starts_at, ends_at, practitioner_id, room_id, service_id), clinic_service.zone_so_far()
        request: Request | None = None
        try:
            with guarded_unit_of_work():
                appointment, request = _lock_move(appointment_id, version, given, zone)
                check_transition(appointment, appointment.status, "reschedule")
                if given.changes(appointment):
                    _reschedule(appointment, request, overbook_reason)
        except Unavailable as error:
            offer_next_free(error, request)
            raise
        return appointment

    def restore(self, appointment_id: UUID, *, starts_at: datetime, version: int | None = None) -> Appointment:
        """Book an appointment again at another time that was cancelled up to ten minutes ago, in the same length.

        Nobody asks whether its former time is still free. It publishes `appointment.restored`, and then
        `appointment.rescheduled`.

        :raises: what `undo` and `reschedule` raise, `SlotTaken` for the other time alone
        """
        given, zone = _Move(starts_at, None, None, None, None), clinic_service.zone_so_far()
        request: Request | None = None
        try:
            with guarded_unit_of_work():
                appointment, request = _lock_move(appointment_id, version, given, zone)
                restore(appointment, lambda: _reschedule(appointment, request, None))
        except Unavailable as error:
            offer_next_free(error, request)
            raise
        return appointment


@dataclass(frozen=True, slots=True)
class _Move:
    """What a move of an appointment asks for; None is what it has."""

    starts_at: datetime
    ends_at: datetime | None
    practitioner_id: UUID | None
    room_id: UUID | None
    service_id: UUID | None

    def changes(self, appointment: Appointment) -> bool:
        """Return whether anything differs from the appointment as it is."""
        return any(value not in {None, getattr(appointment, name)} for name, value in asdict(self).items())

    def request(self, appointment: Appointment) -> Request:
        """Return what is to be placed."""
        ends_at = self.ends_at or self.starts_at + (appointment.ends_at - appointment.starts_at)
        service = _service_of(appointment, self.service_id)
        return Request(
            appointment.patient_id,
            self.practitioner_id or appointment.practitioner_id,
            self.starts_at,
            ends_at,
            service=service,
            rooms=_rooms_of(appointment, service, self.room_id),
            ignore=appointment.id,
        )


def _lock_move(appointment_id: UUID, version: int | None, move: _Move, zone: str | None) -> tuple[Appointment, Request]:
    """Return an appointment and what it is to be, with everything locked that it occupies and would occupy.

    :raises AppointmentNotFound: if no record has that id
    :raises StaleVersion: if it has another version, or was moved at this moment
    :raises InvalidInput: if something does not exist, is not active or does not suit the others
    :raises InactivePatient: if the patient's record is archived, or the patient has died
    :raises ZoneChanged: if the clinic has another time zone now
    """
    request = move.request(find_appointment(appointment_id))
    room_ids = [room.id for room in request.rooms]
    appointment = lock_with_resources(
        appointment_id, version, practitioner_ids=[request.practitioner_id], room_ids=room_ids
    )
    check_patient(request.patient_id, request.starts_at)
    check_zone(zone)
    check_times(request.starts_at, request.ends_at)
    check_practitioner(request.practitioner_id)
    if (move.service_id, move.practitioner_id) != (None, None):
        check_offered(request.service, request.practitioner_id)
    return appointment, request


def _reschedule(appointment: Appointment, request: Request, overbook_reason: str | None) -> None:
    """Move an appointment; hours, notice and horizon only count if its time or practitioner changes."""
    before, left = snapshot(appointment), Position.of(appointment)
    stays = _when(appointment) == _when(request)
    placement = find_placement(request, Check.SHARED if stays else Check.ALL, overbook_reason)
    kept = appointment.overbook_reason if stays else None
    occupy(appointment, request, placement, overbook_reason if placement.overbooked else kept)
    if not stays:
        appointment.confirmed_at = None
    db.session.flush()
    promote_beside(left)
    record_move(appointment, "reschedule", appointment.status, before=before)
    publish(APPOINTMENT_RESCHEDULED, appointment)


def _when(booked: Appointment | Request) -> tuple[UUID, datetime, datetime]:
    return booked.practitioner_id, booked.starts_at, booked.ends_at


def _service_of(appointment: Appointment, service_id: UUID | None) -> Service | None:
    """Return the wanted service, or the one of the appointment, also if it is not offered any more."""
    if service_id in {None, appointment.service_id}:
        return db.session.get_one(Service, appointment.service_id) if appointment.service_id else None
    return find_service(service_id)


def possible_rooms(appointment: Appointment) -> Sequence[Room]:
    """Return the rooms in which an appointment can take place if it is moved without naming one."""
    return _rooms_of(appointment, _service_of(appointment, None), None)


def own_room_first(own: AnyRoom | None, of_service: Sequence[AnyRoom]) -> Sequence[AnyRoom]:
    """Return the rooms of a service with the appointment's own one first, or only its own one."""
    return sorted(of_service, key=lambda room: room != own) or ([own] if own else [])


def _rooms_of(appointment: Appointment, service: Service | None, room_id: UUID | None) -> Sequence[Room]:
    """Return the wanted room, or those of the service with the present one first, or the present one."""
    own = db.session.get_one(Room, appointment.room_id) if appointment.room_id else None
    if room_id is not None:
        return [own] if own and room_id == own.id else candidate_rooms(service, room_id)
    return own_room_first(own, candidate_rooms(service, None))
