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
some_rooms = st.sampled_from([None, ROOM, OTHER_ROOM])
lengths = st.sampled_from([1, 3, 6, 12, 30]).map(lambda fives: fives * 5)
buffers = st.sampled_from([0, 0, 5, 10, 20])


@st.composite
def weekly_ranges(draw, first_day):
    start, end = draw(spans)
    validity = st.none() | st.integers(-1, 3).map(lambda days: first_day + timedelta(days=days))
    weekday = (first_day + timedelta(days=draw(st.integers(-1, 2)))).weekday()
    return WeeklyRange(weekday, start, end, draw(some_rooms), draw(validity), draw(validity))


@st.composite
def weeks(draw, first_day):
    """No hours, hours of every day with breaks, or any hours."""
    bounds = sorted(draw(st.sets(minutes, min_size=4, max_size=4)))
    days = [
        WeeklyRange(day, start, end, draw(some_rooms)) for day in range(7) for start, end in (bounds[:2], bounds[2:])
    ]
    return tuple(draw(st.sampled_from([[], days, days, draw(st.lists(weekly_ranges(first_day), max_size=6))])))


@st.composite
def dated_spans(draw, first_day):
    from_day = first_day + timedelta(days=draw(st.integers(-1, 2)))
    whole_day = draw(st.booleans())
    start, end = (None, None) if whole_day else draw(spans)
    last_day = from_day + timedelta(days=draw(st.integers(0, 1)))
    return {"first_day": from_day, "last_day": last_day, "starts": start, "ends": end, "room_id": draw(some_rooms)}


@st.composite
def bookings(draw, first_day, number):
    midnight = datetime.combine(first_day, time(), UTC)
    starts_at = midnight + timedelta(minutes=5 * draw(st.integers(-50, 600)))
    ends_at = starts_at + timedelta(minutes=draw(lengths))
    room_id = draw(some_rooms)
    return Booking(
        UUID(int=100 + number),
        draw(st.sampled_from([DOCTOR, OTHER_DOCTOR, OTHER_DOCTOR])),
        draw(st.sampled_from([PATIENT, PATIENT, OTHER_PATIENT])),
        starts_at,
        ends_at,
        starts_at - timedelta(minutes=draw(buffers)),
        ends_at + timedelta(minutes=draw(buffers)),
        room_id,
        room_id and draw(st.integers(0, 1)),
        draw(st.integers(0, 1)),
    )


@st.composite
def questions(draw):
    zone = draw(st.sampled_from(list(CHANGES)))
    near_a_change = st.sampled_from(CHANGES[zone])
    day = draw(near_a_change | st.integers(0, 364).map(lambda days: date(2027, 1, 1) + timedelta(days=days)))
    first_day = day - timedelta(days=draw(st.integers(0, 1)))
    closures = [ClosureRange(**draw(dated_spans(first_day))) for _ in range(draw(st.integers(0, 2)))]
    exceptions = [
        ExceptionRange(draw(st.sampled_from(["leave", "hours", "extra"])), **draw(dated_spans(first_day)))
        for _ in range(draw(st.integers(0, 2)))
    ]
    booked = [draw(bookings(first_day, number)) for number in range(draw(st.integers(0, 12)))]
    return Question(
        Visit(
            draw(lengths),
            draw(buffers),
            draw(buffers),
            tuple(draw(st.permutations([ROOM, OTHER_ROOM, NO_ROOM]))[: draw(st.integers(0, 3))]),
            timedelta(minutes=draw(st.integers(0, 600))),
            draw(st.none() | st.integers(1200, 6000).map(lambda number: timedelta(minutes=number))),
            draw(st.sampled_from([10, 15, 25, 60])),
        ),
        ClinicHours(ZoneInfo(zone), draw(st.just(()) | weeks(first_day)), tuple(closures)),
        PractitionerHours(DOCTOR, draw(weeks(first_day)), tuple(exceptions)),
        booked,
        [Room(ROOM, draw(st.integers(0, 2))), Room(OTHER_ROOM, 1)],
        draw(st.sampled_from([None, PATIENT, PATIENT])),
        first_day,
        day,
        datetime.combine(first_day, time(), UTC) + timedelta(minutes=draw(st.integers(-3000, 1500))),
        draw(st.none() | st.sampled_from([b.appointment_id for b in booked]) if booked else st.none()),
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


@pytest.mark.slow
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
