"""Free starts and the reasons for others, rule by rule; the clinic is in Lisbon, on UTC in winter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from clinic.appointments.free_times.slots import (
    Availability,
    Booking,
    Reason,
    Refused,
    Room,
    Slot,
    Visit,
    explain_start,
    find_across,
    find_slots,
    first_free,
)
from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
)

WEDNESDAY = date(2027, 3, 10)
NEXT_DAY = date(2027, 3, 11)
ANA, RUI, MARIA, JOSE, ROOM, SMALL_ROOM = (UUID(int=number) for number in range(1, 7))
VISIT = Visit(length=30)
CLINIC = ClinicHours(ZoneInfo("Europe/Lisbon"))
OF_ANA = PractitionerHours(ANA, (WeeklyRange(2, 480, 720, ROOM), WeeklyRange(2, 780, 1020, ROOM)))
LONG_AGO = datetime(2027, 1, 1, tzinfo=UTC)


def at(time: str, day: date = WEDNESDAY) -> datetime:
    return datetime.fromisoformat(f"{day} {time}+00:00")


def booked(start: str, end: str, *, before: int = 0, after: int = 0, number: int = 100, **fields) -> Booking:
    starts_at, ends_at = at(start), at(end)
    blocked = starts_at - timedelta(minutes=before), ends_at + timedelta(minutes=after)
    return Booking(UUID(int=number), ANA, MARIA, starts_at, ends_at, *blocked)._replace(**fields)


def ask(start, *bookings, visit=VISIT, clinic=CLINIC, who=OF_ANA, rooms=(), patient_id=JOSE, now=LONG_AGO, ignore=None):
    """The slot or refusal at a start."""
    return explain_start(
        visit,
        clinic,
        who,
        bookings=bookings,
        rooms=rooms,
        patient_id=patient_id,
        starts_at=at(start),
        now=now,
        ignore=ignore,
    )


def search(*bookings, visit=VISIT, clinic=CLINIC, who=OF_ANA, days=(WEDNESDAY, WEDNESDAY), explain=False):
    return find_slots(
        visit,
        clinic,
        who,
        bookings=bookings,
        rooms=(),
        patient_id=None,
        first_day=days[0],
        last_day=days[1],
        now=LONG_AGO,
        explain=explain,
    )


def starts(found: Availability) -> list[str]:
    return [f"{slot.starts_at:%H:%M}" for slot in found.slots]


CLOSURE = replace(CLINIC, closures=(ClosureRange(WEDNESDAY, WEDNESDAY, 600, 840),))
LEAVE = replace(OF_ANA, exceptions=(ExceptionRange("leave", WEDNESDAY, WEDNESDAY, 600, 840),))
TAKEN = booked("10:00", "10:30", after=15, room_id=ROOM, place=0)
FULL_ROOM = booked("10:00", "10:30", practitioner_id=RUI, patient_id=JOSE, room_id=ROOM, place=0)
PATIENT_BUSY = FULL_ROOM._replace(room_id=None, place=None)
EVERYTHING = {
    "visit": Visit(30, rooms=(ROOM,), notice=timedelta(hours=2), horizon=timedelta(hours=1)),
    "rooms": [Room(ROOM, 1)],
    "now": at("09:00"),
}
"""A visit too soon and too late, in a room with one place."""


@pytest.mark.parametrize(
    ("start", "bookings", "changes", "reason"),
    [
        ("12:00", [], {"clinic": CLOSURE, "who": LEAVE}, "closed"),
        ("10:00", [TAKEN, FULL_ROOM], {"clinic": CLOSURE}, "closed"),
        ("12:00", [], {"who": LEAVE}, "leave"),
        ("07:00", [TAKEN._replace(starts_at=at("07:00"))], {}, "outside-hours"),
        ("12:00", [TAKEN._replace(ends_at=at("13:00"))], {}, "break"),
        ("10:15", [TAKEN, FULL_ROOM], {}, "taken"),
        ("10:30", [TAKEN, FULL_ROOM._replace(ends_at=at("11:00"), blocked_until=at("11:00"))], {}, "buffer"),
        ("10:00", [FULL_ROOM], {}, "room"),
        ("10:00", [PATIENT_BUSY], {}, "patient-busy"),
        ("10:00", [], {}, "notice"),
        ("11:00", [], {}, "horizon"),
    ],
)
def test_of_several_reasons_the_first_is_given(start, bookings, changes, reason):
    answer = ask(start, *bookings, **EVERYTHING | changes)

    assert (answer.starts_at, answer.reason, answer.practitioner_id) == (at(start), reason, ANA)


def test_the_reasons_stand_in_the_order_in_which_they_are_given():
    assert list(Reason) == [
        *("closed", "leave", "outside-hours", "break", "taken", "buffer", "room", "patient-busy", "notice", "horizon")
    ]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("07:30", None),
        ("07:29", "outside-hours"),
        ("11:30", None),
        ("11:31", "break"),
        ("12:59", "break"),
        ("16:30", None),
        ("16:31", "outside-hours"),
        ("11:45", "break"),
    ],
)
def test_the_whole_visit_must_fit_into_the_hours(start, reason):
    early = replace(OF_ANA, weekly=(WeeklyRange(2, 450, 720), WeeklyRange(2, 780, 1020)))

    assert getattr(ask(start, who=early), "reason", None) == reason


def test_a_visit_over_a_break_and_the_end_of_the_day_is_outside_the_hours():
    assert ask("12:30", visit=Visit(300)).reason == "outside-hours"
    assert ask("12:30", visit=Visit(270)).reason == "break"


def test_a_visit_fits_across_two_ranges_that_touch_and_across_midnight():
    touching = PractitionerHours(
        ANA,
        (WeeklyRange(2, 480, 600, ROOM), WeeklyRange(2, 600, 720), WeeklyRange(2, 1380, 1440), WeeklyRange(3, 0, 60)),
    )

    assert ask("09:45", who=touching) == Slot(at("09:45"), at("10:15"), ANA, None, None)
    assert isinstance(ask("23:45", who=touching), Slot)
    assert ask("23:45", who=touching, visit=Visit(90)).reason == "outside-hours"


def test_buffers_may_extend_beyond_the_hours():
    assert starts(search(visit=Visit(240, 10, 10))) == ["08:00", "13:00"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("08:55", None),
        ("08:56", "buffer"),
        ("09:25", "buffer"),
        ("09:30", "buffer"),
        ("09:31", "taken"),
        ("10:29", "taken"),
        ("10:30", "buffer"),
        ("10:50", None),
        ("10:49", "buffer"),
    ],
)
def test_neighbouring_buffers_add_up(start, reason):
    answer = ask(start, booked("10:00", "10:30", before=15, after=10), visit=Visit(30, 10, 20))

    assert getattr(answer, "reason", None) == reason
    assert getattr(answer, "appointment_id", UUID(int=100)) == UUID(int=100) or reason is None


def test_a_booking_names_the_earliest_appointment_in_the_way_of_any_lane():
    bookings = [
        booked("10:15", "10:45", number=8, lane=1),
        booked("10:00", "12:00", number=7),
        booked("09:00", "09:30"),
    ]

    assert ask("10:20", *bookings) == Refused(at("10:20"), Reason.TAKEN, UUID(int=7), ANA)
    assert ask("11:00", *bookings).appointment_id == UUID(int=7)
    assert ask("11:00", *bookings[:1], booked("08:00", "11:15", number=9, lane=2)).appointment_id == UUID(int=9)


def test_an_appointment_that_is_moved_is_never_in_the_way():
    moved = TAKEN._replace(patient_id=JOSE)

    answer = ask("10:15", moved, visit=Visit(30, rooms=(ROOM,)), rooms=[Room(ROOM, 1)], ignore=moved.appointment_id)

    assert answer == Slot(at("10:15"), at("10:45"), ANA, ROOM, 0)


def test_other_practitioners_and_unknown_patients_are_not_in_the_way():
    assert isinstance(ask("10:00", FULL_ROOM, patient_id=None), Slot)


def test_a_patient_is_busy_without_buffers():
    with_rui = booked("10:00", "10:30", before=30, after=30, practitioner_id=RUI, patient_id=JOSE)
    visit = Visit(30, 15, 15)

    assert isinstance(ask("09:30", with_rui, visit=visit), Slot)
    assert isinstance(ask("10:30", with_rui, visit=visit), Slot)
    assert ask("09:31", with_rui, visit=visit) == Refused(at("09:31"), Reason.PATIENT_BUSY, UUID(int=100), ANA)


def in_room(start: str, end: str, place: int, **fields) -> Booking:
    return booked(start, end, practitioner_id=RUI, room_id=ROOM, place=place, **fields)


def test_a_visit_takes_the_lowest_place_free_of_bookings_of_all_lanes():
    visit, rooms = Visit(30, rooms=(ROOM,)), [Room(ROOM, 3)]

    def taken(*bookings):
        return ask("10:00", *bookings, visit=visit, rooms=rooms)

    assert taken() == Slot(at("10:00"), at("10:30"), ANA, ROOM, 0)
    assert taken(in_room("10:00", "10:15", 0), in_room("10:15", "11:00", 2)).place == 1
    assert taken(in_room("10:00", "10:15", 0, lane=1), in_room("09:00", "12:00", 1)).place == 2
    assert taken(*(in_room("10:00", "10:15", place) for place in range(3))).reason == "room"


def test_buffers_bind_a_room():
    visit, rooms = Visit(30, 10, 5, rooms=(ROOM,)), [Room(ROOM, 1)]
    booking = in_room("10:00", "10:30", 0, before=5, after=10)

    assert isinstance(ask("09:20", booking, visit=visit, rooms=rooms), Slot)
    assert ask("09:21", booking, visit=visit, rooms=rooms) == Refused(at("09:21"), Reason.ROOM, UUID(int=100), ANA)
    assert ask("10:49", booking, visit=visit, rooms=rooms).reason == "room"
    assert isinstance(ask("10:50", booking, visit=visit, rooms=rooms), Slot)


def test_a_visit_prefers_the_practitioners_room_to_the_first_one():
    visit, rooms = Visit(30, rooms=(SMALL_ROOM, ROOM)), [Room(ROOM, 1), Room(SMALL_ROOM, 1)]
    roomless = replace(OF_ANA, weekly=(WeeklyRange(2, 480, 720),))

    assert ask("10:00", visit=visit, rooms=rooms).room_id == ROOM
    assert ask("10:00", visit=visit, rooms=rooms, who=roomless).room_id == SMALL_ROOM
    assert ask("10:00", in_room("10:00", "10:30", 0), visit=visit, rooms=rooms).room_id == SMALL_ROOM
    assert ask("10:00", visit=replace(visit, rooms=(SMALL_ROOM,)), rooms=rooms).room_id == SMALL_ROOM


def test_a_closed_or_retired_room_is_not_offered():
    shut = replace(CLINIC, closures=(ClosureRange(WEDNESDAY, WEDNESDAY, 600, 660, ROOM),))
    visit = Visit(30, 15, 15, rooms=(ROOM,))

    assert ask("10:30", visit=visit, rooms=[Room(ROOM, 1)], clinic=shut) == Refused(at("10:30"), Reason.ROOM, None, ANA)
    assert isinstance(ask("11:00", visit=visit, rooms=[Room(ROOM, 1)], clinic=shut), Slot)
    assert isinstance(ask("10:30", clinic=shut), Slot)
    assert ask("11:00", visit=visit, rooms=[Room(SMALL_ROOM, 1)]).reason == "room"


def test_notice_and_horizon_include_their_ends():
    visit = Visit(30, notice=timedelta(hours=1), horizon=timedelta(hours=2))

    def reasons(now, visit):
        return [
            getattr(ask(start, visit=visit, now=now), "reason", None) for start in ("09:59", "10:00", "11:00", "11:01")
        ]

    assert reasons(at("09:00"), visit) == ["notice", None, None, "horizon"]
    assert reasons(at("10:00"), VISIT) == ["notice", None, None, None]


def test_slots_and_reasons_together_are_the_grid():
    found = search(booked("08:30", "09:00"), visit=Visit(60, step=60), explain=True)

    assert starts(found) == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"]
    assert {f"{r.starts_at:%H}": str(r.reason) for r in found.refused} == {
        **{f"{hour:02}": "outside-hours" for hour in (*range(8), *range(17, 24))},
        "08": "taken",
        "12": "break",
    }
    assert search(booked("08:30", "09:00"), visit=Visit(60, step=60)) == Availability(found.slots, ())


@pytest.mark.parametrize(
    ("zone", "day", "hours", "around"),
    [
        ("Europe/Lisbon", date(2027, 3, 28), 23, ["00:30", "02:00"]),
        ("Europe/Lisbon", date(2027, 10, 31), 25, ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]),
        ("America/New_York", date(2027, 3, 14), 23, ["01:30", "03:00"]),
        ("America/New_York", date(2027, 11, 7), 25, ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]),
        ("Australia/Lord_Howe", date(2027, 10, 3), 23.5, ["01:30", "02:30"]),
        ("Australia/Lord_Howe", date(2027, 4, 4), 24.5, ["01:00", "01:30", "01:30", "02:00"]),
        ("America/Santiago", date(2027, 9, 5), 23, ["01:00", "01:30"]),
        ("America/Santiago", date(2027, 4, 3), 25, ["22:30", "23:00", "23:30", "23:00", "23:30"]),
        ("Asia/Beirut", date(2027, 3, 28), 23, ["01:00", "01:30"]),
        ("Africa/Casablanca", date(2027, 3, 14), 23, ["01:30", "03:00"]),
        ("Pacific/Apia", date(2011, 12, 30), 0, []),
        ("America/St_Johns", date(2010, 11, 6), 24.5, ["23:00", "23:30", "23:30"]),
        ("America/St_Johns", date(2010, 11, 7), 24.5, ["00:00", "00:00", "00:30"]),
    ],
)
def test_the_grid_has_no_skipped_time_and_both_of_one_that_is_shown_twice(zone, day, hours, around):
    clinic, always = ClinicHours(ZoneInfo(zone)), PractitionerHours(ANA)
    visit = Visit(30, step=30, notice=timedelta(days=-9000))

    found = search(visit=visit, clinic=clinic, who=always, days=(day, day))

    local = [f"{slot.starts_at.astimezone(clinic.zone):%H:%M}" for slot in found.slots]
    assert len(local) == hours * 2
    assert any(local[place : place + len(around)] == around for place in range(len(local) + 1))


def test_the_grid_is_anchored_to_midnight_after_a_clock_change_too():
    spring = date(2027, 3, 28)

    found = search(visit=Visit(15, step=45), who=PractitionerHours(ANA), days=(spring, spring))

    local = [f"{slot.starts_at.astimezone(CLINIC.zone):%H:%M}" for slot in found.slots]
    assert local[:4] == ["00:00", "00:45", "02:15", "03:00"]


def test_hours_over_a_clock_change_have_their_real_length():
    night = PractitionerHours(ANA, (WeeklyRange(6, 0, 180),))
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)

    def fits(day, minutes):
        return starts(search(visit=Visit(minutes, step=60), who=night, days=(day, day)))

    assert fits(spring, 120) == ["00:00"]
    assert fits(spring, 121) == []
    assert fits(autumn, 240) == ["23:00"]
    assert fits(autumn, 241) == []


def test_the_first_free_slots_are_grouped_by_local_day_over_practitioners():
    of_rui = PractitionerHours(RUI, (WeeklyRange(2, 510, 540), WeeklyRange(3, 0, 30)))
    found = find_across(
        VISIT,
        CLINIC,
        (OF_ANA, of_rui),
        bookings=[booked("09:00", "12:00")],
        rooms=(),
        patient_id=None,
        first_day=WEDNESDAY,
        last_day=NEXT_DAY,
        now=LONG_AGO,
    )

    days = first_free(found, zone=CLINIC.zone, limit=4)

    assert [(f"{slot.starts_at:%H:%M}", slot.practitioner_id) for slot in days.pop(WEDNESDAY)] == [
        ("08:00", ANA),
        ("08:15", ANA),
        ("08:30", ANA),
        ("08:30", RUI),
    ]
    assert days == {}
    assert [len(slots) for slots in first_free(found, zone=CLINIC.zone).values()] == [19, 1]
    assert list(first_free(found, zone=ZoneInfo("Pacific/Auckland"))) == [WEDNESDAY, NEXT_DAY]
