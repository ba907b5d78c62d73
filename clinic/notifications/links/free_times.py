"""The times that a patient can choose through a link: a few on a few days, with the same practitioner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.appointments.service import Appointment, availability_service
from clinic.core.clock import now, today, wall_day
from clinic.core.errors import InvalidInput
from clinic.identity.models import Clinic

DAYS_SHOWN = 3
TIMES_A_DAY = 4
SEARCHED = 21
FURTHEST = timedelta(days=180)
USUAL_HOURS = range(7, 21)
"""The clinic's hours in which patients are offered times, also with practitioners who have no working hours."""


@dataclass(frozen=True)
class FreeTimes:
    """The offered starts by local day; `later` is the day from which there are more, None if there are none."""

    days: Mapping[date, Sequence[datetime]]
    later: date | None


def find_free_times(visit: Appointment, clinic: Clinic, first_day: date | None) -> FreeTimes:
    """Return a few free times for a visit from a day on, or from today."""
    earliest = today(clinic.zone)
    first = min(max(first_day or earliest, earliest), earliest + FURTHEST)
    free = _free_by_day(visit, clinic, first, first + timedelta(days=SEARCHED - 1))
    days = {day: _spread(starts) for day, starts in list(free.items())[:DAYS_SHOWN]}
    has_more = len(free) > DAYS_SHOWN
    later = max(days) + timedelta(days=1) if has_more else first + timedelta(days=SEARCHED)
    return FreeTimes(days, later if later <= earliest + FURTHEST else None)


def is_offered(visit: Appointment, clinic: Clinic, starts_at: datetime) -> bool:
    """Return whether a start is among the free times of its day."""
    day = wall_day(starts_at, clinic.zone)
    if not today(clinic.zone) <= day <= today(clinic.zone) + FURTHEST + timedelta(days=SEARCHED):
        return False
    return starts_at in _free_by_day(visit, clinic, day, day).get(day, ())


def _free_by_day(visit: Appointment, clinic: Clinic, first: date, last: date) -> dict[date, list[datetime]]:
    """Return the free starts that leave the clinic its notice, by local day; none if the service is retired."""
    try:
        found = availability_service.find(
            first_day=first,
            last_day=last,
            service_id=visit.service_id,
            length=visit.minutes,
            practitioner_ids=[visit.practitioner_id],
            patient_id=visit.patient_id,
            ignore=visit.id,
        )
    except InvalidInput:
        return {}
    earliest, zone = now() + timedelta(hours=clinic.late_cancel_hours), ZoneInfo(clinic.zone)
    free: dict[date, list[datetime]] = {}
    for slot in found.slots:
        local = slot.starts_at.astimezone(zone)
        if slot.starts_at > earliest and slot.starts_at != visit.starts_at and local.hour in USUAL_HOURS:
            free.setdefault(local.date(), []).append(slot.starts_at)
    return free


def _spread(starts: Sequence[datetime]) -> Sequence[datetime]:
    """Return a few starts of a day, spread over it."""
    if len(starts) <= TIMES_A_DAY:
        return starts
    step = (len(starts) - 1) / (TIMES_A_DAY - 1)
    return [starts[round(number * step)] for number in range(TIMES_A_DAY)]
