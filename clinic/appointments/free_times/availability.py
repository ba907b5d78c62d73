"""AvailabilityService, which other modules import from `service.py`: when a visit can start, and when not and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from clinic.appointments.booking.conflicts import Unavailable
from clinic.appointments.booking.occupied import LONGEST_BUFFER, load_bookings
from clinic.appointments.booking.placing import Request, visit_of
from clinic.appointments.booking.requirements import (
    candidate_rooms,
    check_offered,
    check_practitioner,
    find_service,
    preload_service_and_room,
)
from clinic.appointments.free_times.slot_types import Availability, Booking, Refused, Slot, Visit
from clinic.appointments.free_times.slot_types import Room as RoomPlaces
from clinic.appointments.free_times.slots import find_across, first_free
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours
from clinic.appointments.hours.loading import load_hours
from clinic.appointments.models import Practitioner, Room, Service
from clinic.appointments.rules import LONGEST, range_problem
from clinic.core.clock import day_bounds, now, wall_day
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service

NEXT_FREE = 5
NEXT_FREE_DAYS = 8
DEFAULT_LENGTH = 30


@dataclass(frozen=True)
class FoundTimes:
    """The free starts of some practitioners on some days, and if asked for the reasons of all others."""

    availabilities: Sequence[Availability]
    zone: ZoneInfo

    @property
    def slots(self) -> Sequence[Slot]:
        """All free starts, ordered by time."""
        return [slot for slots in self.by_day().values() for slot in slots]

    @property
    def refused(self) -> Sequence[Refused]:
        """All starts that are not free, ordered by time, each with its reason."""
        every = (refused for availability in self.availabilities for refused in availability.refused)
        return sorted(every, key=lambda refused: refused.starts_at)

    def by_day(self, limit: int | None = None) -> Mapping[date, Sequence[Slot]]:
        """Return the first free starts by the clinic's day, those of one time in the order of the practitioners."""
        return first_free(self.availabilities, zone=self.zone, limit=limit)


@dataclass(frozen=True)
class _Schedule:
    """What is needed to search: hours, bookings and rooms."""

    clinic: ClinicHours
    practitioners: Sequence[PractitionerHours]
    bookings: Sequence[Booking]
    rooms: Sequence[RoomPlaces]


class AvailabilityService:
    """The free times of the current clinic."""

    def find(
        self,
        *,
        first_day: date,
        last_day: date,
        service_id: UUID | None = None,
        length: int | None = None,
        practitioner_ids: Collection[UUID] | None = None,
        room_id: UUID | None = None,
        patient_id: UUID | None = None,
        explain: bool = False,
        ignore: UUID | None = None,
    ) -> FoundTimes:
        """Return the free starts on local days, both included, in a number of queries that does not depend on them.

        The length is in minutes, by default the first one of the service. Without practitioners it searches all who
        offer the service; a room is one of the service's unless given. `ignore` is an appointment that is to be moved.

        :raises InvalidInput: if there are more than 31 days, or a practitioner, service or room does not exist
        """
        if problem := range_problem(first_day, last_day):
            raise InvalidInput(problem, field="last_day")
        preload_service_and_room(service_id, room_id)
        service = find_service(service_id)
        visit, rooms = _visit(service, length, room_id)
        practitioners = _practitioners(service, practitioner_ids)
        schedule = _load(practitioners, rooms, patient_id, first_day, last_day)
        found = find_across(
            visit,
            schedule.clinic,
            schedule.practitioners,
            bookings=schedule.bookings,
            rooms=schedule.rooms,
            patient_id=patient_id,
            first_day=first_day,
            last_day=last_day,
            now=now(),
            explain=explain,
            ignore=ignore,
        )
        return FoundTimes(found, schedule.clinic.zone)


availability_service = AvailabilityService()


def offer_next_free(error: Unavailable, request: Request | None) -> None:
    """Add the next free starts with the same practitioner to an error, unless a unit of work is still open."""
    if request is None or db.session.info.get("writing"):
        return
    zone = clinic_service.current().zone
    first = wall_day(max(request.starts_at, now()), zone)
    last = first + timedelta(days=NEXT_FREE_DAYS - 1)
    schedule = _load([request.practitioner_id], request.rooms, request.patient_id, first, last)
    found = find_across(
        visit_of(request.minutes, request.service, request.room_ids),
        schedule.clinic,
        schedule.practitioners,
        bookings=schedule.bookings,
        rooms=schedule.rooms,
        patient_id=request.patient_id,
        first_day=first,
        last_day=last,
        now=now(),
        ignore=request.ignore,
    )
    later = [slot.starts_at for slot in found[0].slots if slot.starts_at > request.starts_at]
    error.offer(later[:NEXT_FREE])


def _visit(service: Service | None, length: int | None, room_id: UUID | None) -> tuple[Visit, Sequence[Room]]:
    """Return the visit to search for, and the rooms to choose from."""
    rooms = candidate_rooms(service, room_id)
    minutes = length or (service.lengths[0] if service else DEFAULT_LENGTH)
    return visit_of(minutes, service, [room.id for room in rooms]), rooms


def _practitioners(service: Service | None, wanted: Collection[UUID] | None) -> Sequence[UUID]:
    """Return the ids of the practitioners to search, ordered by name.

    :raises InvalidInput: if a wanted one does not exist, is not active or does not offer the service
    """
    query = select(Practitioner).where(Practitioner.active).order_by(Practitioner.name, Practitioner.id)
    if wanted is not None:
        query = query.where(Practitioner.id.in_(wanted))
    found = db.session.scalars(query).all()
    for one in wanted or ():
        check_practitioner(one)
        check_offered(service, one)
    return [one.id for one in found if service is None or service.is_offered_by(one.id)]


def _load(
    practitioner_ids: Sequence[UUID], rooms: Sequence[Room], patient_id: UUID | None, first_day: date, last_day: date
) -> _Schedule:
    """Load hours, bookings and rooms of some days; a visit can last into the day after."""
    clinic, hours = load_hours(practitioner_ids, first_day, last_day + timedelta(days=1))
    since, until = day_bounds(first_day, clinic.zone.key)[0], day_bounds(last_day, clinic.zone.key)[1]
    bookings = load_bookings(
        since - LONGEST_BUFFER,
        until + LONGEST + LONGEST_BUFFER,
        practitioner_ids=practitioner_ids,
        room_ids=[room.id for room in rooms],
        patient_ids=[patient_id] if patient_id else (),
    )
    places = [RoomPlaces(room.id, room.places) for room in rooms]
    return _Schedule(clinic, [hours[one] for one in practitioner_ids], bookings, places)
