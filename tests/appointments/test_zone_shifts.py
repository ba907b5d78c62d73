"""Local times in other zones around the clock changes of a year, and the overlaps they cause, against brute force."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

import pytest

from clinic.appointments.booking.zone_shifts import find_overlaps, shift_to
from clinic.appointments.models import Appointment
from clinic.core.ids import new_id
from tests.appointments.zones import HALIFAX, LISBON, MADRID, SANTIAGO

PAIRS = [
    (LISBON, MADRID),
    (MADRID, LISBON),
    ("Europe/London", "America/New_York"),
    (HALIFAX, SANTIAGO),
    ("Asia/Kolkata", "Australia/Lord_Howe"),
    (LISBON, "Africa/Casablanca"),
    ("Africa/Cairo", "Pacific/Auckland"),
]
YEAR, PRESENT = 2027, datetime(2027, 1, 1, tzinfo=UTC)


def appointment(starts_at, zone, minutes=30, buffer=0, **resources):
    ends_at = starts_at + timedelta(minutes=minutes)
    return Appointment(
        id=new_id(),
        status="booked",
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_from=starts_at,
        blocked_until=ends_at + timedelta(minutes=buffer),
        wall_start=starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
        zone=zone,
        **({"practitioner_id": new_id(), "patient_id": new_id(), "room_id": None, "place": None} | resources),
    )


def begins(*zones):
    """Return the quarters of an hour of the days around each change of clocks of a year."""
    days = [datetime(YEAR, 1, 2, tzinfo=UTC) + timedelta(days=number) for number in range(360)]
    for day, zone in product(days, map(ZoneInfo, zones)):
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset():
            yield from (day + timedelta(minutes=15 * step) for step in range(-4 * 24, 3 * 4 * 24))


def instants_at(wall, zone):
    """Return the instants at which the clocks of a zone show a local time, tried out."""
    candidates = (wall.replace(tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(-4 * 15, 4 * 13))
    return [at for at in candidates if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize(("zone", "other"), PAIRS)
def test_over_a_year_every_local_time_is_kept_or_named_or_in_the_way(zone, other):
    kinds = set()

    for starts_at in begins(zone, other):
        booked = appointment(starts_at, zone)
        shift, possible = shift_to(other, booked, PRESENT), instants_at(booked.wall_start, other)
        kinds.add(len(possible))
        assert shift.blocks == (not possible)
        assert (shift.note is None) == (len(possible) == 1)
        if possible:
            fold = starts_at.astimezone(ZoneInfo(zone)).fold
            assert shift.starts_at == (possible[fold] if len(possible) == 2 else possible[0])

    assert kinds == {0, 1, 2}


def spans(one, by, kind):
    first, last = (one.starts_at, one.ends_at) if kind == "patient" else (one.blocked_from, one.blocked_until)
    return first + by, last + by


def shares(one, other, kind):
    if kind == "room":
        return one.room_id is not None and (one.room_id, one.place) == (other.room_id, other.place)
    return getattr(one, f"{kind}_id") == getattr(other, f"{kind}_id")


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.breadth
@pytest.mark.parametrize("seed", range(12))
def test_new_overlaps_are_those_that_brute_force_finds(seed):
    """Around a change of clocks, with few people, so that much is shared; some have begun and stay."""
    random = Random(seed)
    zone, other = random.choice(PAIRS)
    people, rooms = [new_id() for _ in range(3)], [None, new_id()]
    change = datetime(YEAR, 3, 28, 1, tzinfo=UTC)
    booked = [
        appointment(
            change + timedelta(minutes=15 * random.randrange(-40, 40)),
            zone,
            minutes=random.choice([15, 30, 90]),
            buffer=random.choice([0, 15]),
            practitioner_id=random.choice(people),
            patient_id=random.choice(people),
            room_id=(room := random.choice(rooms)),
            place=room and 0,
        )
        for _ in range(30)
    ]
    present = change - timedelta(hours=5)
    begun = [one for one in booked if one.starts_at <= present]
    shifts = [shift_to(other, one, present) for one in booked if one.starts_at > present]
    by = {one.id: timedelta(0) for one in begun} | {shift.appointment.id: shift.by for shift in shifts}
    zero = timedelta(0)

    expected = {
        one.id
        for one, beside, kind in product(booked, booked, ("practitioner", "room", "patient"))
        if one is not beside
        and one not in begun
        and shares(one, beside, kind)
        and overlap(spans(one, by[one.id], kind), spans(beside, by[beside.id], kind))
        and not overlap(spans(one, zero, kind), spans(beside, zero, kind))
    }

    assert find_overlaps(shifts, begun, other).keys() == expected
