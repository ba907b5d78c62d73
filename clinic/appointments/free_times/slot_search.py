"""SlotSearch: hours and bookings of a search for free times, read once for all practitioners."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from clinic.appointments.booking.occupied import LONGEST_BUFFER, load_bookings
from clinic.appointments.booking.placing import visit_of
from clinic.appointments.free_times.slot_types import Booking, Slot
from clinic.appointments.free_times.slot_types import Room as RoomPlaces
from clinic.appointments.free_times.slots import find_across
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours
from clinic.appointments.hours.loading import load_hours
from clinic.appointments.models import Practitioner, Room, Service
from clinic.appointments.rules import LONGEST
from clinic.core.clock import day_bounds, now
from clinic.core.db import db

PartOfDay = Literal["any", "morning", "afternoon"]

SEARCHED = timedelta(days=14)
FURTHER = timedelta(days=45)
"""How far it searches, and how far if nothing is free until then."""

WEEK = timedelta(days=6)
"""From the first to the last day of those that are searched first: mostly they are enough."""


@dataclass(frozen=True)
class Wish:
    """What is searched for: a visit from a day on, with one of some practitioners, in one of some rooms, or none.

    `ignore` is the appointment that is to be moved; the length is in minutes; `whole` shows all times of one day.
    """

    first_day: date
    practitioners: Sequence[Practitioner]
    minutes: int
    service: Service | None = None
    rooms: Sequence[Room] = ()
    part: PartOfDay = "any"
    whole: bool = False
    patient_id: UUID | None = None
    ignore: UUID | None = None


@dataclass(frozen=True)
class FreeSlots:
    """The free starts of a practitioner, in order."""

    practitioner_id: UUID
    slots: Sequence[Slot]


class SlotSearch:
    """A search for the free times of the current clinic."""

    def __init__(self, wish: Wish, zone: str) -> None:
        self.wish = wish
        self.zone = ZoneInfo(zone)
        self.visit = visit_of(wish.minutes, wish.service, [room.id for room in wish.rooms])
        self.places = [RoomPlaces(room.id, room.places) for room in wish.rooms]
        self.until = wish.first_day + SEARCHED - timedelta(days=1)

    def bookings_until(self, day: date) -> Sequence[Booking]:
        """Return the bookings from the first day to one that is searched; mostly those of the first week are enough."""
        return self._of_week if day <= self.wish.first_day + WEEK else self._bookings

    @cached_property
    def _of_week(self) -> Sequence[Booking]:
        return self.load_bookings(self.wish.first_day, self.wish.first_day + WEEK)

    @cached_property
    def _bookings(self) -> Sequence[Booking]:
        return self.load_bookings(self.wish.first_day, self.until)

    @cached_property
    def without_hours(self) -> Sequence[Practitioner]:
        """The practitioners who have no working hours: any time can be booked with them."""
        _, hours = self.hours
        return [one for one in self.wish.practitioners if not hours[one.id].has_hours]

    def on_day(self, day: date) -> Sequence[Booking]:
        """Return the patient's own bookings on a day, ordered by start."""
        since, until = day_bounds(day, self.zone.key)
        own = [one for one in self.bookings_until(day) if one.patient_id == self.wish.patient_id]
        return sorted((one for one in own if since <= one.starts_at < until), key=lambda one: one.starts_at)

    @cached_property
    def hours(self) -> tuple[ClinicHours, dict[UUID, PractitionerHours]]:
        """The hours of the clinic and of the practitioners."""
        ids = [one.id for one in self.wish.practitioners]
        return load_hours(ids, self.wish.first_day, self.wish.first_day + FURTHER)

    def load_bookings(self, first: date, until: date) -> Sequence[Booking]:
        """Return the bookings of practitioners, rooms and patient on some days, without the ignored one."""
        found = load_bookings(
            day_bounds(first, self.zone.key)[0] - LONGEST_BUFFER,
            day_bounds(until, self.zone.key)[1] + LONGEST + LONGEST_BUFFER,
            practitioner_ids=[one.id for one in self.wish.practitioners],
            room_ids=[room.id for room in self.wish.rooms],
            patient_ids=[self.wish.patient_id] if self.wish.patient_id else (),
        )
        return [booking for booking in found if booking.appointment_id != self.wish.ignore]

    def find(self, first: date, until: date, bookings: Sequence[Booking]) -> Sequence[FreeSlots]:
        """Return the free starts of each practitioner."""
        clinic, hours = self.hours
        ids = [one.id for one in self.wish.practitioners]
        found = find_across(
            self.visit,
            clinic,
            [hours[one] for one in ids],
            bookings=bookings,
            rooms=self.places,
            patient_id=self.wish.patient_id,
            first_day=first,
            last_day=until,
            now=now(),
        )
        return [FreeSlots(one, free.slots) for one, free in zip(ids, found, strict=True)]

    def day_of(self, at: datetime) -> date:
        """Return the local day of an instant."""
        return at.astimezone(self.zone).date()


def bookable_services(also: UUID | None = None) -> Sequence[Service]:
    """Return the active services, and one more by its id, with who offers them and their rooms, in one query."""
    wanted = select(Service).where(or_(Service.active, Service.id == also)).order_by(Service.name, Service.id)
    everything = (joinedload(Service.offered_by), joinedload(Service.takes_place_in))
    return db.session.scalars(wanted.options(*everything)).unique().all()
