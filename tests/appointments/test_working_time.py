"""Working time and the parts of a day; the clinic is in Lisbon, on UTC in winter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
    day_parts,
    working_ranges,
)

WEDNESDAY = date(2027, 3, 10)
ANA, ROOM, OTHER_ROOM = (UUID(int=number) for number in range(1, 4))
CLINIC = ClinicHours(ZoneInfo("Europe/Lisbon"))
OPEN = replace(CLINIC, opening=(WeeklyRange(2, 540, 780), WeeklyRange(2, 840, 1080)))
OF_ANA = PractitionerHours(ANA, (WeeklyRange(2, 480, 720, ROOM), WeeklyRange(2, 780, 1020, ROOM)))
WITHOUT_HOURS = PractitionerHours(ANA)


def with_exception(kind, starts=None, ends=None, *, who=OF_ANA, days=(WEDNESDAY, WEDNESDAY), room_id=None):
    return replace(who, exceptions=(*who.exceptions, ExceptionRange(kind, days[0], days[1], starts, ends, room_id)))


def closed(clinic=CLINIC, starts=None, ends=None, room_id=None):
    return replace(clinic, closures=(ClosureRange(WEDNESDAY, WEDNESDAY, starts, ends, room_id),))


def hours(clinic, who, day=WEDNESDAY):
    return " ".join(f"{span.starts_at:%H:%M}-{span.ends_at:%H:%M}" for span in working_ranges(clinic, who, day))


EXTRA = with_exception("extra", 1140, 1200)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clinic", "who", "expected"),
    [
        (CLINIC, OF_ANA, "08:00-12:00 13:00-17:00"),
        (OPEN, OF_ANA, "09:00-12:00 14:00-17:00"),
        (replace(CLINIC, opening=(WeeklyRange(1, 0, 1440),)), OF_ANA, ""),
        (OPEN, with_exception("hours", 600, 900), "10:00-13:00 14:00-15:00"),
        (CLINIC, with_exception("hours", 960, 1020, who=with_exception("hours", 600, 660)), "10:00-11:00 16:00-17:00"),
        (OPEN, EXTRA, "09:00-12:00 14:00-17:00 19:00-20:00"),
        (OPEN, with_exception("extra", 700, 800, room_id=ROOM), "09:00-13:20 14:00-17:00"),
        (CLINIC, with_exception("leave", 540, 600), "08:00-09:00 10:00-12:00 13:00-17:00"),
        (CLINIC, with_exception("leave", 1170, 1440, who=EXTRA), "08:00-12:00 13:00-17:00 19:00-19:30"),
        (CLINIC, with_exception("leave", who=EXTRA), ""),
        (closed(), EXTRA, ""),
        (closed(starts=1000, ends=1170), EXTRA, "08:00-12:00 13:00-16:40 19:30-20:00"),
        (closed(room_id=ROOM), OF_ANA, "08:00-12:00 13:00-17:00"),
        (OPEN, WITHOUT_HOURS, "09:00-13:00 14:00-18:00"),
        (CLINIC, WITHOUT_HOURS, "00:00-00:00"),
        (closed(OPEN, 0, 600), with_exception("leave", 960, who=WITHOUT_HOURS), "10:00-13:00 14:00-16:00"),
        (OPEN, replace(EXTRA, weekly=()), "19:00-20:00"),
        (OPEN, PractitionerHours(ANA, (WeeklyRange(1, 480, 720),)), ""),
    ],
)
def test_working_time_of_a_day(clinic, who, expected):
    assert hours(clinic, who) == expected


def test_weekly_hours_are_valid_from_and_until_their_days():
    ranges = (
        WeeklyRange(2, 480, 720, valid_until=WEDNESDAY),
        WeeklyRange(2, 600, 660, valid_from=WEDNESDAY + timedelta(days=1)),
    )
    who, next_week = PractitionerHours(ANA, ranges), WEDNESDAY + timedelta(days=7)

    assert hours(CLINIC, who) == "08:00-12:00"
    assert hours(CLINIC, who, next_week) == "10:00-11:00"
    assert hours(replace(CLINIC, opening=ranges), WITHOUT_HOURS, next_week) == "10:00-11:00"


def test_an_exception_of_several_days_holds_at_its_times_on_each():
    days = (WEDNESDAY - timedelta(days=7), WEDNESDAY)
    who = with_exception("leave", 0, 780, days=days)

    assert [hours(CLINIC, who, WEDNESDAY + timedelta(days=offset)) for offset in (-14, -7, 0, 7)] == [
        *("08:00-12:00 13:00-17:00", "13:00-17:00", "13:00-17:00", "08:00-12:00 13:00-17:00")
    ]


def test_ranges_have_the_room_of_the_hours_or_exception():
    who = with_exception("extra", 1020, 1080, room_id=OTHER_ROOM)

    assert [span.room_id for span in working_ranges(CLINIC, who, WEDNESDAY)] == [ROOM, ROOM, OTHER_ROOM]


def test_a_day_consists_of_parts_from_midnight_to_midnight():
    who = with_exception("leave", 900, 960)
    clinic = closed(OPEN, starts=480, ends=570)

    parts = [(f"{part.starts_at:%H:%M}", part.kind, part.room_id) for part in day_parts(clinic, who, WEDNESDAY)]

    assert parts == [
        ("00:00", "off", None),
        ("08:00", "closed", None),
        ("09:30", "work", ROOM),
        ("12:00", "break", None),
        ("14:00", "work", ROOM),
        ("15:00", "leave", None),
        ("16:00", "work", ROOM),
        ("17:00", "off", None),
    ]
    assert day_parts(clinic, who, WEDNESDAY)[-1].ends_at == datetime(2027, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        ("Europe/Lisbon", date(2027, 3, 28), "03-28 00:00", "03-28 23:00"),
        ("Australia/Lord_Howe", date(2027, 4, 4), "04-03 13:00", "04-04 13:30"),
        ("America/Santiago", date(2027, 9, 5), "09-05 04:00", "09-06 03:00"),
        ("America/Santiago", date(2027, 4, 3), "04-03 03:00", "04-04 04:00"),
    ],
)
def test_a_day_with_a_clock_change_is_one_part_if_nothing_else_changes(zone, day, first, last):
    (part,) = day_parts(ClinicHours(ZoneInfo(zone)), WITHOUT_HOURS, day)

    assert (f"{part.starts_at:%m-%d %H:%M}", f"{part.ends_at:%m-%d %H:%M}") == (first, last)


def test_a_day_that_the_calendar_skips_has_no_parts():
    assert day_parts(ClinicHours(ZoneInfo("Pacific/Apia")), WITHOUT_HOURS, date(2011, 12, 30)) == ()


def test_hours_follow_the_clock_when_it_changes():
    night = PractitionerHours(ANA, (WeeklyRange(6, 90, 180),))

    assert hours(CLINIC, night, date(2027, 3, 28)) == "01:00-02:00"
    assert hours(CLINIC, night, date(2027, 10, 31)) == "00:30-01:00 01:30-03:00"
