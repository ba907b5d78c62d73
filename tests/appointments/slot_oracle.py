"""Free starts by brute force: every five minutes of every span are looked at one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from clinic.appointments.free_times.slots import Booking, Reason, Room, Visit
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours

TICK = timedelta(minutes=5)


@dataclass(frozen=True)
class Question:
    visit: Visit
    clinic: ClinicHours
    practitioner: PractitionerHours
    bookings: list[Booking]
    rooms: list[Room]
    patient_id: UUID | None
    first_day: date
    last_day: date
    now: datetime
    ignore: UUID | None

    def arguments(self):
        return {name: getattr(self, name) for name in ("bookings", "rooms", "patient_id", "now", "ignore")}


def ticks(starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    while starts_at < ends_at:
        yield starts_at
        starts_at += TICK


def grid(question: Question) -> list[datetime]:
    midnight = datetime.combine(question.first_day, time(), UTC)
    everything = ticks(midnight - timedelta(days=2), midnight + timedelta(days=(days(question)) + 2))
    return [at for at in everything if on_grid(question, at.astimezone(question.clinic.zone))]


def days(question: Question) -> int:
    return (question.last_day - question.first_day).days + 1


def on_grid(question: Question, local: datetime) -> bool:
    in_days = question.first_day <= local.date() <= question.last_day
    return in_days and (local.hour * 60 + local.minute) % question.visit.step == 0


def covers(span, minute: int) -> bool:
    return (span.starts or 0) <= minute < (1440 if span.ends is None else span.ends)


def dated(spans, day: date, minute: int):
    return [span for span in spans if span.first_day <= day <= span.last_day and covers(span, minute)]


def weekly(spans, day: date, minute: int):
    return [
        span
        for span in spans
        if span.weekday == day.weekday()
        and covers(span, minute)
        and not (span.valid_from and day < span.valid_from)
        and not (span.valid_until and day > span.valid_until)
    ]


def worked_range(question: Question, day: date, minute: int):
    """The range that makes a minute working time before leave and closures; True without hours, None if none does."""
    clinic, person = question.clinic, question.practitioner
    changes = [e for e in person.exceptions if e.kind == "hours" and e.first_day <= day <= e.last_day]
    is_open = not clinic.opening or weekly(clinic.opening, day, minute)
    own = dated(changes, day, minute) if changes else weekly(person.weekly, day, minute)
    if not person.weekly and all(e.kind == "leave" for e in person.exceptions):
        own = [True]
    extra = dated([e for e in person.exceptions if e.kind == "extra"], day, minute)
    return next(iter([*(own if is_open else []), *extra]), None)


class Oracle:
    def __init__(self, question: Question) -> None:
        self.question = question
        self._worked: dict[date, list[Any]] = {}
        self._kinds: dict[datetime, str] = {}
        self._uses: dict[tuple[UUID, int], set[datetime]] = {}
        self._shut: dict[tuple[UUID, datetime], bool] = {}
        self.bookings = [b for b in question.bookings if b.appointment_id != question.ignore]

    def worked(self, day: date) -> list[Any]:
        if day not in self._worked:
            self._worked[day] = [worked_range(self.question, day, minute) for minute in range(0, 1440, 5)]
        return self._worked[day]

    def local(self, at: datetime) -> tuple[date, int]:
        local = at.astimezone(self.question.clinic.zone)
        return local.date(), local.hour * 60 + local.minute

    def kind(self, at: datetime) -> str:
        """Return what a tick is to the practitioner; many starts ask about the same one."""
        if at not in self._kinds:
            self._kinds[at] = self._kind(at)
        return self._kinds[at]

    def _kind(self, at: datetime) -> str:
        day, minute = self.local(at)
        worked = self.worked(day)
        if dated([c for c in self.question.clinic.closures if c.room_id is None], day, minute):
            return "closed"
        if dated([e for e in self.question.practitioner.exceptions if e.kind == "leave"], day, minute):
            return "leave"
        if worked[minute // 5]:
            return "work"
        return "break" if any(worked[: minute // 5]) and any(worked[minute // 5 :]) else "off"

    def answer(self, starts_at: datetime):
        """The reason and the appointments that may be named for it, or the room and place."""
        visit, question = self.question.visit, self.question
        own = list(ticks(starts_at, starts_at + timedelta(minutes=visit.length)))
        blocked = list(
            ticks(own[0] - timedelta(minutes=visit.buffer_before), own[-1] + TICK + visit.buffer_after * TICK / 5)
        )
        mine = [b for b in self.bookings if b.practitioner_id == question.practitioner.practitioner_id]
        taken = {b.appointment_id for b in mine if any(b.starts_at <= at < b.ends_at for at in own)}
        near = {b.appointment_id for b in mine if any(b.blocked_from <= at < b.blocked_until for at in blocked)}
        patients = [b for b in self.bookings if b.patient_id == question.patient_id]
        busy = {b.appointment_id for b in patients if any(b.starts_at <= at < b.ends_at for at in own)}
        kinds = {self.kind(at) for at in own}
        place = self.place(own, blocked)
        late = visit.horizon is not None and starts_at - question.now > visit.horizon
        holds = {
            Reason.CLOSED: "closed" in kinds,
            Reason.LEAVE: "leave" in kinds,
            Reason.OUTSIDE_HOURS: "off" in kinds,
            Reason.BREAK: "break" in kinds,
            Reason.TAKEN: taken,
            Reason.BUFFER: near,
            Reason.ROOM: place is None,
            Reason.PATIENT_BUSY: busy,
            Reason.NOTICE: starts_at - question.now < visit.notice,
            Reason.HORIZON: late,
        }
        for reason, does_hold in holds.items():
            if does_hold:
                return reason, does_hold if isinstance(does_hold, set) else None
        return place

    def place(self, own: list[datetime], blocked: list[datetime]):
        visit = self.question.visit
        if not visit.rooms:
            return None, None
        range_ = self.worked(self.local(own[0])[0])[self.local(own[0])[1] // 5]
        preferred = getattr(range_, "room_id", None)
        for room_id in [*(r for r in visit.rooms if r == preferred), *visit.rooms]:
            for room in self.question.rooms:
                if room.room_id == room_id and not any(self.is_shut(room_id, at) for at in own):
                    for place in range(room.places):
                        if not any(self.is_used(room_id, place, at) for at in blocked):
                            return room_id, place
        return None

    def is_shut(self, room_id: UUID, at: datetime) -> bool:
        if (room_id, at) not in self._shut:
            closures = [c for c in self.question.clinic.closures if c.room_id == room_id]
            self._shut[room_id, at] = bool(dated(closures, *self.local(at)))
        return self._shut[room_id, at]

    def is_used(self, room_id: UUID, place: int, at: datetime) -> bool:
        if (room_id, place) not in self._uses:
            there = [b for b in self.bookings if (b.room_id, b.place) == (room_id, place)]
            self._uses[room_id, place] = {tick for b in there for tick in ticks(b.blocked_from, b.blocked_until)}
        return at in self._uses[room_id, place]
