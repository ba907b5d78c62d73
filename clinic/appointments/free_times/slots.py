"""Free starts for a visit, and for every start that is not free the reason.

Starts are on a grid of wall-clock minutes since local midnight; a visit lasts its minutes in real time. The visit must
fit into working time, its buffers need not: they are for tidying up, and only keep other appointments away.
Instants are aware datetimes in UTC; spans include their start and exclude their end.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from heapq import merge
from itertools import islice
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.appointments.free_times.local_days import clock_runs, days_between
from clinic.appointments.free_times.slot_check import Search, StartCheck
from clinic.appointments.free_times.slot_types import Availability, Booking, Reason, Refused, Room, Slot, Visit
from clinic.appointments.free_times.working_time import ClinicHours, PractitionerHours


def find_slots(
    visit: Visit,
    clinic: ClinicHours,
    practitioner: PractitionerHours,
    *,
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    first_day: date,
    last_day: date,
    now: datetime,
    explain: bool = False,
    ignore: UUID | None = None,
) -> Availability:
    """Return the free starts of a practitioner on the local days from `first_day` to `last_day`, both included.

    `bookings` are the clinic's active ones in that time; those of a patient who is not known yet don't count.
    `ignore` is an appointment that is to be moved, and never in the way.
    """
    return find_across(
        visit,
        clinic,
        (practitioner,),
        bookings=bookings,
        rooms=rooms,
        patient_id=patient_id,
        first_day=first_day,
        last_day=last_day,
        now=now,
        explain=explain,
        ignore=ignore,
    )[0]


def find_across(
    visit: Visit,
    clinic: ClinicHours,
    practitioners: Sequence[PractitionerHours],
    *,
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    first_day: date,
    last_day: date,
    now: datetime,
    explain: bool = False,
    ignore: UUID | None = None,
) -> tuple[Availability, ...]:
    """Return the free starts of each practitioner, in the order of the practitioners; see `find_slots`."""
    days = days_between(first_day, last_day)
    starts = _grid(clinic.zone, days, visit.step)
    search = Search(visit, clinic, days, bookings=bookings, rooms=rooms, patient_id=patient_id, now=now, ignore=ignore)
    return tuple(_availability(search.of(practitioner), starts, explain) for practitioner in practitioners)


def explain_start(
    visit: Visit,
    clinic: ClinicHours,
    practitioner: PractitionerHours,
    *,
    bookings: Sequence[Booking],
    rooms: Sequence[Room],
    patient_id: UUID | None,
    starts_at: datetime,
    now: datetime,
    ignore: UUID | None = None,
) -> Slot | Refused:
    """Return the slot at a start, on the grid or not, or the reason why there is none; see `find_slots`."""
    days = [starts_at.astimezone(clinic.zone).date()]
    search = Search(visit, clinic, days, bookings=bookings, rooms=rooms, patient_id=patient_id, now=now, ignore=ignore)
    return search.of(practitioner).slot_or_reason(starts_at)


def first_free(
    availabilities: Iterable[Availability], *, zone: ZoneInfo, limit: int | None = None
) -> dict[date, list[Slot]]:
    """Return the first `limit` slots by local day, ordered by start and then as the availabilities are."""
    days: dict[date, list[Slot]] = defaultdict(list)
    slots = merge(*(availability.slots for availability in availabilities), key=attrgetter("starts_at"))
    for slot in islice(slots, limit):
        days[slot.starts_at.astimezone(zone).date()].append(slot)
    return dict(days)


def _grid(zone: ZoneInfo, days: Iterable[date], step: int) -> list[datetime]:
    """Return every `step` minutes of the clock since midnight; both instants of a minute that is shown twice."""
    return sorted(
        run.instant(minute)
        for day in days
        for run in clock_runs(zone, day)
        for minute in range(-(-run.starts // step) * step, run.ends, step)
    )


def _availability(check: StartCheck, starts: Sequence[datetime], explain: bool) -> Availability:
    if not explain:
        return Availability(tuple(check.slots(starts)), ())
    answers = [check.slot_or_reason(at) for at in starts]
    return Availability(
        tuple(answer for answer in answers if isinstance(answer, Slot)),
        tuple(answer for answer in answers if isinstance(answer, Refused)),
    )


__all__ = [
    "Availability",
    "Booking",
    "Reason",
    "Refused",
    "Room",
    "Slot",
    "Visit",
    "explain_start",
    "find_across",
    "find_slots",
    "first_free",
]
