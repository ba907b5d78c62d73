"""Where an appointment takes place: its room, the place in it, and its lane beside others.

An ordinary appointment is offered by the search for free times, and is in lane 0. One that is overbooked is over
another one, in the lowest lane above 0 that is free, or only outside working time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.appointments.booking.conflicts import NotOffered, PatientBusy, SlotTaken, Unavailable
from clinic.appointments.booking.occupied import has_ordinary, load_bookings
from clinic.appointments.free_times.slot_types import Booking, Reason, Refused, Slot, Visit
from clinic.appointments.free_times.slot_types import Room as RoomPlaces
from clinic.appointments.free_times.slots import explain_start
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours
from clinic.appointments.hours.loading import load_hours
from clinic.appointments.models import Room, Service
from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.errors import PermissionDenied
from clinic.identity.clinics import clinic_service

OVERBOOK = "appointments:overbook"


class Check(Enum):
    """What is checked of an appointment: all, all but notice and horizon, or only what it shares with others."""

    ALL = "all"
    PRESENT = "present"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Request:
    """An appointment that is to be placed; `ignore` is itself, if it is booked already."""

    patient_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    service: Service | None = None
    rooms: Sequence[Room] = ()
    ignore: UUID | None = None

    @property
    def minutes(self) -> float:
        """Its length."""
        return (self.ends_at - self.starts_at) / timedelta(minutes=1)

    @property
    def room_ids(self) -> Sequence[UUID]:
        """The rooms to choose from, the first one first."""
        return [room.id for room in self.rooms]

    @property
    def blocked(self) -> tuple[datetime, datetime]:
        """The span with its buffers."""
        before, after = (self.service.buffer_before, self.service.buffer_after) if self.service else (0, 0)
        return self.starts_at - timedelta(minutes=before), self.ends_at + timedelta(minutes=after)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an appointment takes place; `overbooked` if it is not offered by the search for free times."""

    room_id: UUID | None
    place: int | None
    lane: int = 0
    overbooked: bool = False


def find_placement(request: Request, check: Check, overbook_reason: str | None = None) -> Placement:
    """Return where an appointment takes place.

    :raises SlotTaken: if the practitioner, the rooms or the patient are occupied
    :raises NotOffered: if it is outside working time, past, too soon or too far ahead
    :raises PermissionDenied: if there is a reason for overbooking, but the current actor may not overbook
    """
    bookings = _load_bookings(request)
    answer = _explain(request, check, bookings)
    if isinstance(answer, Slot):
        return Placement(answer.room_id, answer.place)
    if overbook_reason is None:
        raise _refusal(answer)
    _check_patient(request, bookings)
    if not current_actor().has_permission(OVERBOOK):
        raise PermissionDenied(OVERBOOK)
    return _beside(request, bookings)


def find_former_placement(request: Request, *, was_overbooked: bool) -> Placement:
    """Return where an appointment takes place that an undo restores.

    What was booked over it on purpose is not in its way, nor is anything if it was overbooked itself.

    :raises SlotTaken: if the practitioner, the rooms or the patient are occupied
    """
    bookings = _load_bookings(request)
    answer = _explain(request, Check.SHARED, bookings)
    if isinstance(answer, Slot):
        return Placement(answer.room_id, answer.place)
    if not was_overbooked and has_ordinary(booking.appointment_id for booking in _around(request, bookings)):
        raise _refusal(answer)
    _check_patient(request, bookings)
    return _beside(request, bookings)


def _load_bookings(request: Request) -> Sequence[Booking]:
    """Return what is booked around an appointment, without itself."""
    found = load_bookings(
        *request.blocked,
        practitioner_ids=[request.practitioner_id],
        room_ids=request.room_ids,
        patient_ids=[request.patient_id],
    )
    return [booking for booking in found if booking.appointment_id != request.ignore]


def _explain(request: Request, check: Check, bookings: Sequence[Booking]) -> Slot | Refused:
    clinic, practitioner = _hours(request, check)
    return explain_start(
        visit_of(request.minutes, request.service, request.room_ids, ahead=check is Check.ALL),
        clinic,
        practitioner,
        bookings=bookings,
        rooms=[RoomPlaces(room.id, room.places) for room in request.rooms],
        patient_id=request.patient_id,
        starts_at=request.starts_at,
        now=now() if check is Check.ALL else request.starts_at,
    )


def visit_of(minutes: float, service: Service | None, room_ids: Iterable[UUID], *, ahead: bool = True) -> Visit:
    """Return what is to be booked; notice and horizon of the service hold for those who book ahead."""
    if service is None:
        return Visit(minutes, rooms=tuple(room_ids))
    return Visit(
        minutes,
        buffer_before=service.buffer_before,
        buffer_after=service.buffer_after,
        rooms=tuple(room_ids),
        notice=timedelta(minutes=service.notice_minutes if ahead else 0),
        horizon=timedelta(days=service.horizon_days) if ahead and service.horizon_days else None,
    )


def _hours(request: Request, check: Check) -> tuple[ClinicHours, PractitionerHours]:
    """Return the hours that hold, none if only what is shared is checked."""
    zone = ZoneInfo(clinic_service.current().zone)
    if check is Check.SHARED:
        return ClinicHours(zone), PractitionerHours(request.practitioner_id)
    first, last = (at.astimezone(zone).date() for at in (request.starts_at, request.ends_at))
    clinic, hours = load_hours([request.practitioner_id], first, last)
    return clinic, hours[request.practitioner_id]


def _check_patient(request: Request, bookings: Sequence[Booking]) -> None:
    """Check that the patient is free: nobody is in two places.

    :raises PatientBusy: if the patient has another appointment
    """
    own = [booking for booking in bookings if booking.patient_id == request.patient_id]
    if busy := [b.appointment_id for b in own if b.starts_at < request.ends_at and b.ends_at > request.starts_at]:
        raise PatientBusy(busy)


def _refusal(refused: Refused) -> Unavailable:
    """Return the error of a start that is not free."""
    conflicts = [refused.appointment_id] if refused.appointment_id else []
    if refused.reason is Reason.ROOM:
        return SlotTaken(conflicts, resource="room")
    if refused.reason is Reason.PATIENT_BUSY:
        return PatientBusy(conflicts)
    if refused.reason in {Reason.TAKEN, Reason.BUFFER}:
        return SlotTaken(conflicts)
    return NotOffered(refused.reason)


def _around(request: Request, bookings: Sequence[Booking]) -> Sequence[Booking]:
    """Return the bookings of the practitioner, and in the rooms, that overlap an appointment, buffers included."""
    starts_at, ends_at = request.blocked
    rooms = {room.id for room in request.rooms}
    return [
        booking
        for booking in bookings
        if booking.blocked_from < ends_at
        and booking.blocked_until > starts_at
        and (booking.practitioner_id == request.practitioner_id or booking.room_id in rooms)
    ]


def _beside(request: Request, bookings: Sequence[Booking]) -> Placement:
    """Return the emptiest place, and the lowest lane that is free for it and the practitioner."""
    around = _around(request, bookings)
    own = {booking.lane for booking in around if booking.practitioner_id == request.practitioner_id}
    places: list[tuple[UUID | None, int | None]] = [(room.id, n) for room in request.rooms for n in range(room.places)]
    lanes = {place: {b.lane for b in around if (b.room_id, b.place) == place} for place in places}
    place = min(places, key=lambda one: len(lanes[one]), default=(None, None))
    occupied = own | lanes.get(place, set())
    lane = next(lane for lane in count(1) if lane not in occupied) if occupied else 0
    return Placement(*place, lane, overbooked=True)
