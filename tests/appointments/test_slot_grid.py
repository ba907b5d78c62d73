"""Free starts and reasons over a year with clock changes, compared with brute force."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.appointments.free_times.slots import Booking, Refused, Room, Slot, Visit, explain_start, find_slots
from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
    day_parts,
)
from tests.appointments.slot_oracle import Oracle, Question, grid

CHANGES = {
    "Europe/Lisbon": (date(2027, 3, 28), date(2027, 10, 31)),
    "America/New_York": (date(2027, 3, 14), date(2027, 11, 7)),
    "Australia/Lord_Howe": (date(2027, 4, 4), date(2027, 10, 3)),
    "America/Santiago": (date(2027, 4, 3), date(2027, 9, 5)),
    "Africa/Casablanca": (date(2027, 2, 7), date(2027, 3, 14)),
    "Asia/Beirut": (date(2027, 3, 28), date(2027, 10, 30)),
}
"""Days of 2027 with 23 or 25 hours, on Lord Howe 23.5 and 24.5; some clocks change at midnight."""

DOCTOR, OTHER_DOCTOR, PATIENT, OTHER_PATIENT, ROOM, OTHER_ROOM, NO_ROOM = (UUID(int=number) for number in range(1, 8))

minutes = st.one_of(st.integers(0, 72), st.integers(0, 288)).map(lambda fives: fives * 5)
spans = st.lists(minutes, min_size=2, max_size=2, unique=True).map(sorted)
bounds_of_days = st.sets(minutes, min_size=4, max_size=4).map(sorted)
some_rooms = st.sampled_from([None, ROOM, OTHER_ROOM])
kinds_of_weeks = st.sampled_from(["none", "days", "days", "any"])
kinds_of_exceptions = st.sampled_from(["leave", "hours", "extra"])
zones = st.sampled_from(list(CHANGES))
days_near_changes = {zone: st.sampled_from(days) for zone, days in CHANGES.items()}
days_of_the_year = st.integers(0, 364).map(lambda days: date(2027, 1, 1) + timedelta(days=days))
days_of = {zone: near | days_of_the_year for zone, near in days_near_changes.items()}
numbers = {most: st.integers(0, most) for most in (1, 2, 3, 6, 12, 600)}
neighbours = st.integers(-1, 2)
validities = st.none() | st.integers(-1, 3)
doctors = st.sampled_from([DOCTOR, OTHER_DOCTOR, OTHER_DOCTOR])
patients = st.sampled_from([PATIENT, PATIENT, OTHER_PATIENT])
starts = st.integers(-50, 600)
orders_of_rooms = st.permutations([ROOM, OTHER_ROOM, NO_ROOM])
horizons = st.none() | st.integers(1200, 6000).map(lambda number: timedelta(minutes=number))
steps = st.sampled_from([10, 15, 25, 60])
minutes_from_now = st.integers(-3000, 1500)
askers = st.sampled_from([None, PATIENT, PATIENT])
flags = st.booleans()
lengths = st.sampled_from([1, 3, 6, 12, 30]).map(lambda fives: fives * 5)
buffers = st.sampled_from([0, 0, 5, 10, 20])


def weekly_range(draw, first_day):
    start, end = draw(spans)
    valid_from, valid_until = (
        None if days is None else first_day + timedelta(days=days) for days in (draw(validities), draw(validities))
    )
    weekday = (first_day + timedelta(days=draw(neighbours))).weekday()
    return WeeklyRange(weekday, start, end, draw(some_rooms), valid_from, valid_until)


def week(draw, first_day):
    """No hours, hours of every day with breaks, or any hours."""
    kind = draw(kinds_of_weeks)
    if kind == "any":
        return tuple(weekly_range(draw, first_day) for _ in range(draw(numbers[6])))
    if kind == "none":
        return ()
    bounds = draw(bounds_of_days)
    return tuple(
        WeeklyRange(day, start, end, draw(some_rooms)) for day in range(7) for start, end in (bounds[:2], bounds[2:])
    )


def dated_span(draw, first_day):
    from_day = first_day + timedelta(days=draw(neighbours))
    start, end = (None, None) if draw(flags) else draw(spans)
    last_day = from_day + timedelta(days=draw(numbers[1]))
    return {"first_day": from_day, "last_day": last_day, "starts": start, "ends": end, "room_id": draw(some_rooms)}


def booking(draw, first_day, number):
    starts_at = datetime.combine(first_day, time(), UTC) + timedelta(minutes=5 * draw(starts))
    ends_at = starts_at + timedelta(minutes=draw(lengths))
    room_id = draw(some_rooms)
    return Booking(
        UUID(int=100 + number),
        draw(doctors),
        draw(patients),
        starts_at,
        ends_at,
        starts_at - timedelta(minutes=draw(buffers)),
        ends_at + timedelta(minutes=draw(buffers)),
        room_id,
        room_id and draw(numbers[1]),
        draw(numbers[1]),
    )


@st.composite
def questions(draw):
    """Draw a question from strategies that are made once: those that are made for each one take half of the time."""
    zone = draw(zones)
    day = draw(days_of[zone])
    first_day = day - timedelta(days=draw(numbers[1]))
    closures = [ClosureRange(**dated_span(draw, first_day)) for _ in range(draw(numbers[2]))]
    exceptions = [
        ExceptionRange(draw(kinds_of_exceptions), **dated_span(draw, first_day)) for _ in range(draw(numbers[2]))
    ]
    booked = [booking(draw, first_day, number) for number in range(draw(numbers[12]))]
    ignored = booked[draw(numbers[12]) % len(booked)].appointment_id if booked and draw(flags) else None
    return Question(
        Visit(
            draw(lengths),
            draw(buffers),
            draw(buffers),
            tuple(draw(orders_of_rooms)[: draw(numbers[3])]),
            timedelta(minutes=draw(numbers[600])),
            draw(horizons),
            draw(steps),
        ),
        ClinicHours(ZoneInfo(zone), week(draw, first_day) if draw(flags) else (), tuple(closures)),
        PractitionerHours(DOCTOR, week(draw, first_day), tuple(exceptions)),
        booked,
        [Room(ROOM, draw(numbers[2])), Room(OTHER_ROOM, 1)],
        draw(askers),
        first_day,
        day,
        datetime.combine(first_day, time(), UTC) + timedelta(minutes=draw(minutes_from_now)),
        ignored,
    )


def assert_same(answer, expected):
    if isinstance(answer, Slot):
        assert (answer.room_id, answer.place) == expected
        return
    reason, named = expected
    assert answer.reason == reason
    assert answer.appointment_id in named if named else answer.appointment_id is None or reason == "room"


def assert_like_brute_force(question):
    oracle = Oracle(question)
    span = {"first_day": question.first_day, "last_day": question.last_day}
    found = find_slots(
        question.visit, question.clinic, question.practitioner, **question.arguments(), **span, explain=True
    )
    unexplained = find_slots(question.visit, question.clinic, question.practitioner, **question.arguments(), **span)

    assert unexplained.slots == found.slots
    assert unexplained.refused == ()
    answers: list[Slot | Refused] = sorted((*found.slots, *found.refused), key=lambda answer: answer.starts_at)
    assert [answer.starts_at for answer in answers] == grid(question)
    for answer in answers:
        assert_same(answer, oracle.answer(answer.starts_at))


def assert_start_like_brute_force(question, tick):
    """Ask about one start, on the grid or not."""
    starts_at = datetime.combine(question.first_day, time(), UTC) + tick * timedelta(minutes=5)

    answer = explain_start(
        question.visit, question.clinic, question.practitioner, **question.arguments(), starts_at=starts_at
    )

    assert answer.starts_at == starts_at
    assert_same(answer, Oracle(question).answer(starts_at))


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), st.integers(0, 575))
def test_slots_and_reasons_cover_the_grid_as_by_brute_force(question, tick):
    assert_like_brute_force(question)
    assert_start_like_brute_force(question, tick)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), st.integers(0, 575))
def test_many_more_slots_and_reasons_are_as_by_brute_force(question, tick):
    assert_like_brute_force(question)
    assert_start_like_brute_force(question, tick)


@pytest.mark.breadth
@pytest.mark.parametrize("zone", CHANGES)
def test_the_parts_of_a_year_follow_each_other_without_gaps(zone):
    clinic = ClinicHours(ZoneInfo(zone))
    person = PractitionerHours(DOCTOR, tuple(WeeklyRange(day, 0, 150) for day in range(7)))
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]

    parts = [part for day in days for part in day_parts(clinic, person, day)]

    assert all(part.ends_at == following.starts_at for part, following in pairwise(parts))
    assert parts[0].starts_at == datetime(2027, 1, 1, tzinfo=clinic.zone).astimezone(UTC)
    assert parts[-1].ends_at == datetime(2028, 1, 1, tzinfo=clinic.zone).astimezone(UTC)
