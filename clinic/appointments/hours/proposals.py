"""Free times within changed hours for the appointments that fall outside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload, lazyload

from clinic.appointments.booking.occupied import LONGEST_BUFFER, load_bookings
from clinic.appointments.booking.placing import visit_of
from clinic.appointments.booking.rescheduling import own_room_first
from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.slot_types import Booking, Room, Slot
from clinic.appointments.free_times.slots import find_slots
from clinic.appointments.free_times.span_index import SpanIndex
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours
from clinic.appointments.hours.preview import PROPOSED_AHEAD, Outside, Preview
from clinic.appointments.models import Appointment, Service
from clinic.appointments.rules import LONGEST
from clinic.core.clock import day_bounds, now, wall_day
from clinic.core.db import db

MOST_TIMES = 3
"""How many times on different days the search for an appointment finds."""

_WITH_ROOMS = (joinedload(Service.takes_place_in), lazyload(Service.offered_by))


def propose_times(preview: Preview, most: int) -> Preview:
    """Return a preview with other starts for its first `most` appointments, with the same practitioners.

    They are on different days, from the day of the appointment on, each as near to its time as possible. The first
    ones of two appointments never exclude each other.
    """
    first = preview.outside[:most]
    if not first or preview.change is None or preview.hours is None:
        return preview
    clinic, hours = preview.hours
    changed = {one: preview.change.of(clinic, own) for one, own in hours.items()}
    search = _Search([one.appointment for one in first], changed, clinic.zone.key)
    proposed = [replace(one, proposals=search.starts_for(one)) for one in first]
    return replace(preview, outside=[*proposed, *preview.outside[most:]])


@dataclass
class _Search:
    """What the appointments have in common: changed hours, and services, rooms and bookings, each loaded once."""

    appointments: Sequence[Appointment]
    changed: Mapping[UUID, tuple[ClinicHours, PractitionerHours]]
    zone: str
    promised: list[Booking] = field(default_factory=list)
    """What is kept free for the appointments before."""

    def starts_for(self, outside: Outside) -> Sequence[datetime]:
        """Return other starts of an appointment, and keep the first one free for it."""
        found = list(islice(self._one_a_day(outside), MOST_TIMES))
        if found:
            self.promised.append(_booking(outside.appointment, found[0]))
        return [slot.starts_at for slot in found]

    def _one_a_day(self, outside: Outside) -> Iterator[Slot]:
        """Return the free slot of each day that is nearest to the appointment's time, the first days first."""
        starts_at = outside.appointment.starts_at
        first, usual = max(wall_day(starts_at, self.zone), wall_day(now(), self.zone)), self._minute(starts_at)
        for day in days_between(first, first + PROPOSED_AHEAD):
            if slots := self._free_on(day, outside):
                yield min(slots, key=lambda slot: abs(self._minute(slot.starts_at) - usual))

    def _free_on(self, day: date, outside: Outside) -> Sequence[Slot]:
        appointment = outside.appointment
        clinic, hours = self.changed[appointment.practitioner_id]
        service = self._services.get(appointment.service_id)
        rooms = own_room_first(outside.room, _rooms_of(service))
        since, until = day_bounds(day, self.zone)
        found = find_slots(
            visit_of(appointment.minutes, service, [room.room_id for room in rooms]),
            clinic,
            hours,
            bookings=[*self._bookings.during(since - LONGEST_BUFFER, until + LONGEST + LONGEST_BUFFER), *self.promised],
            rooms=rooms,
            patient_id=appointment.patient_id,
            first_day=day,
            last_day=day,
            now=now(),
            ignore=appointment.id,
        )
        return [slot for slot in found.slots if slot.starts_at != appointment.starts_at]

    def _minute(self, at: datetime) -> int:
        """Return what the clock shows in minutes."""
        wall = at.astimezone(ZoneInfo(self.zone))
        return wall.hour * 60 + wall.minute

    @cached_property
    def _days(self) -> tuple[date, date]:
        starts = [one.starts_at for one in self.appointments]
        return wall_day(min(starts), self.zone), wall_day(max(*starts, now()), self.zone) + PROPOSED_AHEAD

    @cached_property
    def _bookings(self) -> SpanIndex[Booking]:
        first, last = self._days
        of_services = {room_id for service in self._services.values() for room_id in service.room_ids}
        found = load_bookings(
            day_bounds(first, self.zone)[0] - LONGEST_BUFFER,
            day_bounds(last, self.zone)[1] + LONGEST + LONGEST_BUFFER,
            practitioner_ids={one.practitioner_id for one in self.appointments},
            room_ids=_ids(self.appointments, "room_id") | of_services,
            patient_ids={one.patient_id for one in self.appointments},
        )
        return SpanIndex((one.blocked_from, one.blocked_until, one) for one in found)

    @cached_property
    def _services(self) -> Mapping[UUID | None, Service]:
        if not (ids := _ids(self.appointments, "service_id")):
            return {}
        found = db.session.scalars(select(Service).where(Service.id.in_(ids)).options(*_WITH_ROOMS))
        return {one.id: one for one in found.unique()}


def _rooms_of(service: Service | None) -> Sequence[Room]:
    rooms = [row.room for row in service.takes_place_in] if service else []
    return [Room(room.id, room.places) for room in sorted(rooms, key=lambda room: room.id) if room.active]


def _ids(appointments: Iterable[Appointment], name: str) -> set[UUID]:
    return {getattr(one, name) for one in appointments} - {None}


def _booking(appointment: Appointment, slot: Slot) -> Booking:
    """Return an appointment as it would be at another time."""
    moved = slot.starts_at - appointment.starts_at
    return Booking(
        appointment.id,
        appointment.practitioner_id,
        appointment.patient_id,
        slot.starts_at,
        slot.ends_at,
        appointment.blocked_from + moved,
        appointment.blocked_until + moved,
        slot.room_id,
        slot.place,
    )
