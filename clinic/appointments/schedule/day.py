"""A day of the schedule as its page shows it: for each practitioner their cards, free time and the time around it.

Nothing here reads the database. Instants are aware datetimes in UTC, minutes are those of the clock in the clinic.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from clinic.appointments.free_times.working_time import ClinicHours, DayPart, PractitionerHours, day_parts
from clinic.appointments.models import Appointment, Practitioner
from clinic.appointments.rules import BOOKED
from clinic.appointments.schedule.day_grid import (
    SHORTEST,
    USUAL,
    Place,
    frame_of,
    frame_spans,
    place_of,
    span_of,
    stacks_of,
    with_lanes,
)
from clinic.appointments.schedule.day_items import Block, Card, Column, Day, Gap, Item, Now, Stack

HIDDEN = ("cancelled", "entered-in-error")
"""States of appointments that a day shows only when asked for."""

SHORTEST_GAP = timedelta(minutes=SHORTEST)
LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DayQuestion:
    """What a day is made of: appointments ordered by their start, hours by practitioner, the state to show if any."""

    day: date
    now: datetime
    practitioners: Sequence[Practitioner]
    appointments: Sequence[Appointment]
    clinic: ClinicHours
    hours: Mapping[UUID, PractitionerHours]
    state: str | None = None
    _by_practitioner: dict[UUID, list[Appointment]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for appointment in self.appointments:
            self._by_practitioner[appointment.practitioner_id].append(appointment)

    def of(self, practitioner: Practitioner) -> list[Appointment]:
        """Return the appointments of a practitioner."""
        return self._by_practitioner.get(practitioner.id, [])

    def is_shown(self, appointment: Appointment) -> bool:
        """Return whether an appointment is in the wanted state."""
        return appointment.status == self.state if self.state else appointment.status not in HIDDEN

    def place(self, starts_at: datetime, ends_at: datetime, shortest: int = 5) -> Place:
        """Return the place of a span on this day."""
        return place_of(starts_at, ends_at, self.day, self.clinic.zone, shortest=shortest)


def assemble_day(asked: DayQuestion) -> Day:
    """Return a day with a column for each practitioner who works or has an appointment on it."""
    parts = {one.id: day_parts(asked.clinic, _hours(asked, one), asked.day) for one in asked.practitioners}
    frame = frame_of(list(_places(asked, parts)))
    spans = frame_spans(frame, asked.day, asked.clinic.zone)
    present = [one for one in asked.practitioners if _is_present(parts[one.id], asked.of(one))]
    columns = [_column(asked, one, _clipped(parts[one.id], spans)) for one in present]
    kinds = {part.kind for own in parts.values() for part in own}
    return Day(
        frame=frame,
        columns=columns,
        absent=[one for one in asked.practitioners if one not in present],
        without_hours=[one for one in present if not _hours(asked, one).has_hours],
        counts=Counter(one.status for practitioner in asked.practitioners for one in asked.of(practitioner)),
        shown=sum(item.kind == "card" for column in columns for item in column.items),
        is_closed=kinds == {"closed"},
        now=_now(asked, spans),
    )


def _hours(asked: DayQuestion, practitioner: Practitioner) -> PractitionerHours:
    return asked.hours.get(practitioner.id) or PractitionerHours(practitioner.id)


def _places(asked: DayQuestion, parts: Mapping[UUID, Sequence[DayPart]]) -> Iterator[Place]:
    """Return the places that the day must show: cards, and working time, or the usual hours if it has no limits."""
    for practitioner in asked.practitioners:
        yield from (_card_place(asked, one) for one in asked.of(practitioner) if asked.is_shown(one))
        if asked.clinic.opening or _hours(asked, practitioner).has_hours:
            work = (part for part in parts[practitioner.id] if part.kind == "work")
            yield from (asked.place(part.starts_at, part.ends_at) for part in work)
        else:
            yield USUAL


def _is_present(parts: Sequence[DayPart], appointments: Sequence[Appointment]) -> bool:
    """Return whether a practitioner has a column: all but those who don't work that day and have no appointment."""
    return any(part.kind not in {"off", "closed"} for part in parts) or any(one.is_active for one in appointments)


def _clipped(parts: Iterable[DayPart], spans: Sequence[tuple[datetime, datetime]]) -> list[DayPart]:
    """Return the parts as far as they are in some spans."""
    pieces = (
        DayPart(max(part.starts_at, first), min(part.ends_at, last), part.kind, part.room_id)
        for part in parts
        for first, last in spans
    )
    return [piece for piece in pieces if piece.starts_at < piece.ends_at]


def _column(asked: DayQuestion, practitioner: Practitioner, parts: Sequence[DayPart]) -> Column:
    appointments = asked.of(practitioner)
    blocks = [_block(asked, part) for part in parts if part.kind != "work"]
    work = [part for part in parts if part.kind == "work"]
    gaps = [_gap(asked, *span) for span in _free(asked, work, appointments)]
    free = [] if asked.state else gaps
    items: list[Item] = [*blocks, *free, *_cards(asked, appointments), *_now_marks(asked, parts)]
    return Column(
        practitioner=practitioner,
        items=sorted(items, key=_reading_order),
        booked=sum(appointment.is_active for appointment in appointments),
        next_free=gaps[0] if gaps else None,
        room_id=next((part.room_id for part in work if part.room_id), None),
    )


def _reading_order(item: Item) -> tuple[int, bool, int]:
    return item.place.starts, item.kind in {"card", "stack"}, item.place.lane


def _gap(asked: DayQuestion, starts_at: datetime, ends_at: datetime) -> Gap:
    wall = starts_at.astimezone(asked.clinic.zone)
    return Gap(starts_at, ends_at, asked.place(starts_at, ends_at), f"{wall:%H:%M}")


def _block(asked: DayQuestion, part: DayPart) -> Block:
    return Block(part.kind, part.starts_at, part.ends_at, asked.place(part.starts_at, part.ends_at))


def _cards(asked: DayQuestion, appointments: Iterable[Appointment]) -> list[Card | Stack]:
    """Return the cards of appointments, and a stack for those that have no room beside the others."""
    shown = [(_card_place(asked, one), one) for one in appointments if asked.is_shown(one)]
    shown.sort(key=lambda pair: pair[0].starts)
    places = with_lanes([place for place, _ in shown])
    groups = stacks_of(places)
    stacked = {id(place) for group in groups for place in group}
    cards = {
        id(place): Card(one, place, _warning(asked, one), id(place) in stacked)
        for place, (_, one) in zip(places, shown, strict=True)
    }
    return [*(Stack([cards[id(place)] for place in group], span_of(group)) for group in groups), *cards.values()]


def _card_place(asked: DayQuestion, appointment: Appointment) -> Place:
    return asked.place(appointment.starts_at, appointment.ends_at, SHORTEST)


def _warning(asked: DayQuestion, appointment: Appointment) -> str | None:
    late = asked.now - appointment.starts_at
    if appointment.status != BOOKED or late < LATE_AFTER:
        return None
    return f"{late // timedelta(minutes=1)} min late" if asked.now < appointment.ends_at else "No outcome"


def _free(
    asked: DayQuestion, work: Iterable[DayPart], appointments: Sequence[Appointment]
) -> Iterator[tuple[datetime, datetime]]:
    """Return the spans of working time from now on that no active appointment blocks, and that are long enough."""
    soonest = _next_quarter(asked.now)
    taken = sorted((one.blocked_from, one.blocked_until) for one in appointments if one.is_active)
    for part in work:
        starts_at = max(part.starts_at, soonest)
        for blocked_from, blocked_until in [*taken, (part.ends_at, part.ends_at)]:
            if min(blocked_from, part.ends_at) - starts_at >= SHORTEST_GAP:
                yield starts_at, min(blocked_from, part.ends_at)
            starts_at = max(starts_at, blocked_until)


def _next_quarter(now: datetime) -> datetime:
    """Return the next start on the quarter of an hour, or `now` if it is one."""
    past = timedelta(minutes=now.minute % SHORTEST, seconds=now.second, microseconds=now.microsecond)
    return now - past + SHORTEST_GAP if past else now


def _now(asked: DayQuestion, spans: Iterable[tuple[datetime, datetime]]) -> Place | None:
    """Return the place of the current time, None if the day does not show it."""
    return asked.place(asked.now, asked.now) if any(first <= asked.now < last for first, last in spans) else None


def _now_marks(asked: DayQuestion, parts: Sequence[DayPart]) -> list[Now]:
    place = _now(asked, [(part.starts_at, part.ends_at) for part in parts])
    return [Now(place)] if place else []
