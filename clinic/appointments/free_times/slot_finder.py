"""SlotFinder, for pages that offer free times: the first ones by day, and why a visit can't start at another time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import select

from clinic.appointments.free_times.slot_search import FURTHER, WEEK, SlotSearch
from clinic.appointments.free_times.slot_types import Booking, Refused, Slot
from clinic.appointments.free_times.slots import explain_start
from clinic.appointments.free_times.working_time import DayPart, day_parts
from clinic.appointments.models import Closure, Practitioner, Room
from clinic.core.clock import now
from clinic.core.db import db

MOST_DAYS = 4
MOST_A_HALF_DAY = 4
MOST_A_DAY = 60
"""Days with free times that are shown, times before and after noon of each, and times of a day that is shown whole."""

NOON = 12
USUAL_HOURS = range(8, 18)
"""Hours of the day in which starts are shown of those who have no working hours, in a clinic without opening hours."""


@dataclass(frozen=True)
class Offer:
    """A free start that is shown, and how many other practitioners are free then."""

    slot: Slot
    others: int = 0


@dataclass(frozen=True)
class Offers:
    """The first free starts by local day, and how many more each day has.

    `until` is the last day that was searched, `later` the next one with free starts.
    """

    days: Mapping[date, Sequence[Offer]]
    more: Mapping[date, int]
    count: int
    until: date
    later: date | None


@dataclass(frozen=True)
class Answer:
    """Whether a visit can start at a time with a practitioner: its slot, or why not.

    `booking` is the appointment in the way, `parts` are those of the practitioner's day, `next_slot` is the next free
    start on that day, `rooms` are those of the visit, each with the end of what occupies it.
    """

    practitioner: Practitioner
    found: Slot | Refused
    booking: Booking | None
    parts: Sequence[DayPart]
    next_slot: Slot | None
    rooms: Sequence[tuple[Room, datetime | None]]

    @property
    def slot(self) -> Slot | None:
        """The slot, if there is one."""
        return self.found if isinstance(self.found, Slot) else None


@dataclass(frozen=True)
class Explanation:
    """The answers of all practitioners for a start, or the patient's own appointment, which no practitioner changes."""

    starts_at: datetime
    ends_at: datetime
    answers: Sequence[Answer]
    patient_booking: Booking | None = None
    closure: str | None = None

    @property
    def patient_ids(self) -> set[UUID]:
        """The patients whose appointments are in the way."""
        return {answer.booking.patient_id for answer in self.answers if answer.booking}


class SlotFinder(SlotSearch):
    """What the pages show of a search."""

    def offers(self) -> Offers:
        """Return the first free starts, further ahead if there are none on the first days."""
        first, until = self.wish.first_day, self.wish.first_day + WEEK
        bookings = self.bookings_until(until)
        slots = self._listed(first, until, bookings)
        if len({self.day_of(slot.starts_at) for slot in slots}) <= MOST_DAYS:
            until = self.until
            bookings = self.bookings_until(until)
            slots = self._listed(first, until, bookings)
        if not slots and self.wish.practitioners:
            first, until = until + timedelta(days=1), first + FURTHER - timedelta(days=1)
            bookings = self.load_bookings(first, until)
            slots = self._listed(first, until, bookings)
        days, most = self._by_start(slots, bookings), 1 if self.wish.whole else MOST_DAYS
        shown = {day: self._shown(days[day]) for day in list(days)[:most]}
        more = {day: len(days[day]) - len(offers) for day, offers in shown.items()}
        return Offers(shown, more, sum(map(len, days.values())), until, next(iter(list(days)[most:]), None))

    def explain(self, starts_at: datetime) -> Explanation:
        """Return for each practitioner whether the visit can start then, and why not; the day must be searched."""
        ends_at, day = starts_at + timedelta(minutes=self.wish.minutes), self.day_of(starts_at)
        bookings = self.bookings_until(day)
        own = [one for one in bookings if one.patient_id == self.wish.patient_id]
        busy = next((one for one in own if one.starts_at < ends_at and one.ends_at > starts_at), None)
        if busy:
            return Explanation(starts_at, ends_at, [], busy)
        free = {one.practitioner_id: one.slots for one in self.find(day, day, bookings)}
        answers = [self._answer(one, starts_at, bookings, free[one.id]) for one in self.wish.practitioners]
        return Explanation(starts_at, ends_at, answers, closure=_closure_on(day) if _is_closed(answers) else None)

    def _listed(self, first: date, until: date, bookings: Sequence[Booking]) -> Sequence[Slot]:
        """Return the free starts that are shown: with one practitioner, no two of them overlap."""
        found = self.find(first, until, bookings)
        return [slot for free in found for slot in _one_after_another(filter(self._is_listed, free.slots))]

    def _is_listed(self, slot: Slot) -> bool:
        clinic, hours = self.hours
        hour = slot.starts_at.astimezone(self.zone).hour
        usual = hour in USUAL_HOURS or bool(clinic.opening) or hours[slot.practitioner_id].has_hours
        return usual and (self.wish.part == "any" or (hour < NOON) is (self.wish.part == "morning"))

    def _by_start(self, slots: Sequence[Slot], bookings: Sequence[Booking]) -> Mapping[date, Sequence[Offer]]:
        """Return one offer for each start by local day: with the practitioner who has the fewest bookings that day."""
        booked = Counter((one.practitioner_id, self.day_of(one.starts_at)) for one in bookings)
        days: dict[date, list[Offer]] = {}
        for starts_at, at_once in groupby(sorted(slots, key=_start_of), key=_start_of):
            day, free = self.day_of(starts_at), list(at_once)
            best = min(free, key=lambda slot: booked[slot.practitioner_id, day])
            days.setdefault(day, []).append(Offer(best, len(free) - 1))
        return days

    def _shown(self, offers: Sequence[Offer]) -> Sequence[Offer]:
        """Return the first times before noon and the first ones after it, or all."""
        if self.wish.whole:
            return offers[:MOST_A_DAY]
        before = [one for one in offers if one.slot.starts_at.astimezone(self.zone).hour < NOON]
        after = offers[len(before) :]
        most = [2 * MOST_A_HALF_DAY - min(len(half), MOST_A_HALF_DAY) for half in (after, before)]
        return [*before[: most[0]], *after[: most[1]]]

    def _answer(
        self, practitioner: Practitioner, starts_at: datetime, bookings: Sequence[Booking], free: Sequence[Slot]
    ) -> Answer:
        clinic, hours = self.hours
        found = explain_start(
            self.visit,
            clinic,
            hours[practitioner.id],
            bookings=bookings,
            rooms=self.places,
            patient_id=self.wish.patient_id,
            starts_at=starts_at,
            now=now(),
        )
        conflict = found.appointment_id if isinstance(found, Refused) else None
        later = (slot for slot in free if slot.starts_at > starts_at)
        return Answer(
            practitioner,
            found,
            next((one for one in bookings if one.appointment_id == conflict), None) if conflict else None,
            day_parts(clinic, hours[practitioner.id], self.day_of(starts_at)),
            next(later, None),
            [(room, self._occupied_until(room, starts_at, bookings)) for room in self.wish.rooms],
        )

    def _occupied_until(self, room: Room, starts_at: datetime, bookings: Sequence[Booking]) -> datetime | None:
        """Return when a room is free again, as far as what occupies it at a start tells."""
        ends_at = starts_at + timedelta(minutes=self.wish.minutes)
        spans = (b.blocked_until for b in bookings if b.room_id == room.id and b.blocked_from < ends_at)
        return max((until for until in spans if until > starts_at), default=None)


def _one_after_another(slots: Iterable[Slot]) -> Sequence[Slot]:
    """Return those of a practitioner's sorted slots that begin when the one before ends, or later."""
    found: list[Slot] = []
    for slot in slots:
        if not found or slot.starts_at >= found[-1].ends_at:
            found.append(slot)
    return found


def _start_of(slot: Slot) -> datetime:
    return slot.starts_at


def _is_closed(answers: Sequence[Answer]) -> bool:
    return any(isinstance(one.found, Refused) and one.found.reason == "closed" for one in answers)


def _closure_on(day: date) -> str | None:
    """Return the name of a closure of the clinic on a day."""
    wanted = select(Closure.name).where(Closure.room_id.is_(None), Closure.first_day <= day, Closure.last_day >= day)
    return db.session.scalar(wanted.order_by(Closure.starts.is_not(None), Closure.id).limit(1))
