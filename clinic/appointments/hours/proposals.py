"""Free times within changed hours for the appointments that fall outside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from clinic.appointments.booking.occupied import LONGEST_BUFFER, load_bookings
from clinic.appointments.booking.placing import visit_of
from clinic.appointments.booking.rescheduling import own_room_first
from clinic.appointments.free_times.local_days import days_between
from clinic.appointments.free_times.slot_types import Booking, Room, Slot
from clinic.appointments.free_times.slots import find_slots
from clinic.appointments.free_times.span_index import SpanIndex
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours
from clinic.appointments.hours.loading import load_hours
from clinic.appointments.hours.preview import HoursChange, Preview
from clinic.appointments.models import Appointment, Service
from clinic.appointments.models import Room as StoredRoom
from clinic.appointments.rules import LONGEST
from clinic.core.clock import day_bounds, now, wall_day
from clinic.core.db import db
from clinic.identity.clinics import clinic_service

SEARCHED = timedelta(days=13)
MOST_TIMES = 3
"""How far from its day the search for an appointment goes, and how many times on different days it finds."""


def propose_times(preview: Preview, most: int) -> Preview:
    """Return a preview with other starts for its first `most` appointments, with the same practitioners.

    They are on different days, from the day of the appointment on, each as near to its time as possible. The first
    ones of two appointments never exclude each other.
    """
    first = preview.outside[:most]
    if not first or preview.change is None:
        return preview
    search = _Search([one.appointment for one in first], preview.change, clinic_service.current().zone)
    proposed = [replace(one, proposals=search.starts_for(one.appointment)) for one in first]
    return replace(preview, outside=[*proposed, *preview.outside[most:]])


@dataclass
class _Search:
    """What the appointments have in common: changed hours, services, rooms and bookings, each loaded once."""

    appointments: Sequence[Appointment]
    change: HoursChange
    zone: str
    promised: list[Booking] = field(default_factory=list)
    """What is kept free for the appointments before."""

    def starts_for(self, appointment: Appointment) -> Sequence[datetime]:
        """Return other starts of an appointment, and keep the first one free for it."""
        found = list(islice(self._one_a_day(appointment), MOST_TIMES))
        if found:
            self.promised.append(_booking(appointment, found[0]))
        return [slot.starts_at for slot in found]

    def _one_a_day(self, appointment: Appointment) -> Iterator[Slot]:
        """Return the free slot of each day that is nearest to the appointment's time, the first days first."""
        first = max(wall_day(appointment.starts_at, self.zone), wall_day(now(), self.zone))
        usual = self._minute(appointment.starts_at)
        for day in days_between(first, first + SEARCHED):
            if slots := self._free_on(day, appointment):
                yield min(slots, key=lambda slot: abs(self._minute(slot.starts_at) - usual))

    def _free_on(self, day: date, appointment: Appointment) -> Sequence[Slot]:
        clinic, hours = self._changed[appointment.practitioner_id]
        service = self._services.get(appointment.service_id)
        rooms = own_room_first(self._rooms.get(appointment.room_id), self._rooms_of(service))
        since, until = day_bounds(day, self.zone)
        found = find_slots(
            visit_of(appointment.minutes, service, rooms),
            clinic,
            hours,
            bookings=[*self._bookings.during(since - LONGEST_BUFFER, until + LONGEST + LONGEST_BUFFER), *self.promised],
            rooms=[Room(room.id, room.places) for room in rooms],
            patient_id=appointment.patient_id,
            first_day=day,
            last_day=day,
            now=now(),
            ignore=appointment.id,
        )
        return [slot for slot in found.slots if slot.starts_at != appointment.starts_at]

    def _rooms_of(self, service: Service | None) -> Sequence[StoredRoom]:
        return [self._rooms[one] for one in service.room_ids if self._rooms[one].active] if service else []

    def _minute(self, at: datetime) -> int:
        """Return what the clock shows in minutes."""
        wall = at.astimezone(ZoneInfo(self.zone))
        return wall.hour * 60 + wall.minute

    @cached_property
    def _days(self) -> tuple[date, date]:
        starts = [one.starts_at for one in self.appointments]
        return wall_day(min(starts), self.zone), wall_day(max(*starts, now()), self.zone) + SEARCHED

    @cached_property
    def _clinic_hours(self) -> tuple[ClinicHours, Mapping[UUID, PractitionerHours]]:
        first, last = self._days
        return load_hours({one.practitioner_id for one in self.appointments}, first, last + timedelta(days=1))

    @cached_property
    def _changed(self) -> Mapping[UUID, tuple[ClinicHours, PractitionerHours]]:
        """The changed hours of the clinic and of each practitioner."""
        clinic, hours = self._clinic_hours
        return {one: self.change.of(clinic, own) for one, own in hours.items()}

    @cached_property
    def _bookings(self) -> SpanIndex[Booking]:
        first, last = self._days
        found = load_bookings(
            day_bounds(first, self.zone)[0] - LONGEST_BUFFER,
            day_bounds(last, self.zone)[1] + LONGEST + LONGEST_BUFFER,
            practitioner_ids={one.practitioner_id for one in self.appointments},
            room_ids=[room.id for room in self._rooms.values()],
            patient_ids={one.patient_id for one in self.appointments},
        )
        return SpanIndex((one.blocked_from, one.blocked_until, one) for one in found)

    @cached_property
    def _services(self) -> Mapping[UUID | None, Service]:
        wanted = _ids(self.appointments, "service_id")
        found = db.session.scalars(select(Service).where(Service.id.in_(wanted))) if wanted else ()
        return {one.id: one for one in found}

    @cached_property
    def _rooms(self) -> Mapping[UUID | None, StoredRoom]:
        """The rooms of the appointments and of their services."""
        of_services = {room_id for service in self._services.values() for room_id in service.room_ids}
        wanted = of_services | _ids(self.appointments, "room_id")
        found = db.session.scalars(select(StoredRoom).where(StoredRoom.id.in_(wanted))) if wanted else ()
        return {one.id: one for one in found}


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
