"""The day as the page shows it: places, gaps, lanes and what surrounds them; without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from clinic.appointments.free_times.working_time import (
    ClinicHours,
    ClosureRange,
    ExceptionRange,
    PractitionerHours,
    WeeklyRange,
)
from clinic.appointments.models import Appointment, Practitioner
from clinic.appointments.schedule.day import DayQuestion, assemble_day
from clinic.appointments.schedule.day_grid import Place, place_of, with_lanes
from clinic.appointments.schedule.day_items import Gap

LISBON = ZoneInfo("Europe/Lisbon")
DAY = date(2029, 11, 26)
EVENING_BEFORE = datetime(2029, 11, 25, 20, tzinfo=UTC)
OKAFOR = Practitioner(id=uuid4(), name="Dr Okafor")
EIGHT_TO_TWELVE = (WeeklyRange(0, 480, 720),)


def at(time, day=DAY):
    hour, minute = map(int, time.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LISBON).astimezone(UTC)


def booked(time, minutes=30, status="booked", buffer=0, lane=0):
    """Return an appointment at a time, with a buffer after it."""
    starts_at, length = at(time), timedelta(minutes=minutes)
    return Appointment(
        id=uuid4(),
        patient_id=uuid4(),
        practitioner_id=OKAFOR.id,
        starts_at=starts_at,
        ends_at=starts_at + length,
        blocked_from=starts_at,
        blocked_until=starts_at + length + timedelta(minutes=buffer),
        status=status,
        lane=lane,
    )


def assembled(*appointments, weekly=EIGHT_TO_TWELVE, exceptions=(), closures=(), now=EVENING_BEFORE, **asked):
    """Return the day of one practitioner."""
    hours = {OKAFOR.id: PractitionerHours(OKAFOR.id, tuple(weekly), tuple(exceptions))}
    clinic = ClinicHours(LISBON, (), tuple(closures))
    return assemble_day(DayQuestion(DAY, now, [OKAFOR], appointments, clinic, hours, **asked))


def shown(day, *kinds):
    """Return the items of some kinds in the only column, as times."""
    items = [item for item in day.columns[0].items if item.kind in kinds]
    return [f"{_clock(item.place.starts)}–{_clock(item.place.ends)}" for item in items]


def _clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def test_free_time_between_appointments_is_one_gap_and_a_buffer_is_not_free():
    day = assembled(booked("09:00"), booked("10:00", buffer=15))

    assert shown(day, "gap") == ["08:00–09:00", "09:30–10:00", "10:45–12:00"]
    assert [gap.minutes for gap in day.columns[0].items if gap.kind == "gap"] == [60, 30, 75]
    assert day.columns[0].next_free.time == "08:00"


def test_gaps_begin_at_the_next_quarter_of_an_hour_from_now_on_and_last_at_least_as_long():
    day = assembled(booked("11:10", 20), now=at("10:52"))

    assert shown(day, "gap") == ["11:30–12:00"]
    assert not shown(assembled(now=at("11:46")), "gap")


def test_cancelled_and_missed_appointments_leave_their_time_free():
    day = assembled(booked("08:00", 120, "cancelled"), booked("10:00", 120, "noshow"))

    assert shown(day, "gap") == ["08:00–12:00"]
    assert shown(day, "card") == ["10:00–12:00"]


def test_a_day_shows_the_hours_from_the_earliest_to_the_latest_that_are_needed():
    assert assembled().frame == (8, 12)
    assert assembled(booked("06:50"), booked("21:10")).frame == (6, 22)
    assert assembled(weekly=()).frame == (8, 18)
    assert assembled(booked("23:50", 20)).frame == (8, 24)


def test_a_practitioner_without_hours_is_free_in_the_hours_that_are_shown():
    day = assembled(booked("19:00", 60), weekly=())

    assert day.without_hours == [OKAFOR]
    assert shown(day, "gap") == ["08:00–19:00"]
    assert day.frame == (8, 20)


@pytest.mark.parametrize(
    ("extra", "kind", "times"),
    [
        ({"weekly": (WeeklyRange(0, 480, 600), WeeklyRange(0, 660, 720))}, "break", ["10:00–11:00"]),
        ({"exceptions": [ExceptionRange("leave", DAY, DAY, 600, None)]}, "leave", ["10:00–12:00"]),
        ({"closures": [ClosureRange(DAY, DAY, 480, 540)]}, "closed", ["08:00–09:00"]),
        ({"appointments": [booked("13:00")]}, "off", ["12:00–14:00"]),
    ],
)
def test_time_without_work_is_a_block_within_the_hours_that_are_shown(extra, kind, times):
    day = assembled(booked("08:00", 30), booked("11:30", 30), *extra.pop("appointments", ()), **extra)

    assert shown(day, kind) == times


def test_who_does_not_work_has_no_column_unless_somebody_is_booked():
    sunday_only = (WeeklyRange(6, 480, 720),)

    nobody, booked_anyway = assembled(weekly=sunday_only), assembled(booked("09:00"), weekly=sunday_only)

    assert (list(nobody.columns), nobody.absent) == ([], [OKAFOR])
    assert shown(booked_anyway, "card") == ["09:00–09:30"]
    assert assembled(exceptions=[ExceptionRange("leave", DAY, DAY, None, None)]).absent == []


def test_a_closed_day_is_closed():
    closed = assembled(closures=[ClosureRange(DAY, DAY, None, None)])

    assert closed.is_closed
    assert closed.absent == [OKAFOR]


def test_a_state_limits_the_cards_and_the_counts_are_of_all():
    appointments = [booked("09:00"), booked("09:30", status="arrived"), booked("10:00", status="cancelled")]

    waiting, cancelled = (assembled(*appointments, state=state) for state in ("arrived", "cancelled"))

    assert shown(waiting, "card", "gap") == ["09:30–10:00"]
    assert shown(cancelled, "card") == ["10:00–10:30"]
    assert waiting.counts == {"booked": 1, "arrived": 1, "cancelled": 1}
    assert waiting.columns[0].booked == 2


def test_who_should_have_been_here_is_late_and_what_is_over_wants_an_outcome():
    appointments = [
        booked("09:00"),
        booked("10:00"),
        booked("10:30", status="arrived"),
        booked("10:18"),
        booked("11:00"),
    ]

    cards = [item for item in assembled(*appointments, now=at("10:20")).columns[0].items if item.kind == "card"]

    warnings = {card.appointment.starts_at: card.warning for card in cards if card.warning}
    assert warnings == {at("09:00"): "No outcome", at("10:00"): "20 min late"}


def test_the_current_time_is_marked_where_the_day_shows_it():
    assert assembled(now=at("10:52")).now.classes.startswith("h10 m50")
    assert shown(assembled(now=at("10:52")), "now") == ["10:50–10:55"]
    assert assembled(now=at("13:00")).now is None


def test_cards_that_overlap_are_side_by_side_and_others_have_the_whole_width():
    spans = [(540, 600), (540, 555), (555, 570), (600, 630)]

    placed = with_lanes([Place(*span) for span in spans])

    assert [(place.lane, place.lanes) for place in placed] == [(0, 2), (1, 2), (1, 2), (0, 1)]


def test_more_than_four_cards_at_once_share_the_last_lane():
    placed = with_lanes([Place(540, 600)] * 6)

    assert [(place.lane, place.lanes) for place in placed] == [(0, 4), (1, 4), (2, 4), (3, 4), (3, 4), (3, 4)]


def test_cards_without_room_beside_the_others_are_stacked_where_they_would_cover_each_other():
    at_nine = [booked("09:00", lane=number) for number in range(6)]
    later = [booked("10:00", lane=number) for number in range(4)]

    items = assembled(*at_nine, *later).columns[0].items

    cards = [item for item in items if item.kind == "card"]
    (stack,) = [item for item in items if item.kind == "stack"]
    assert [card.appointment for card in cards if card.is_stacked] == at_nine[3:]
    assert [card.appointment for card in stack.cards] == at_nine[3:]
    assert (stack.place.starts, stack.place.ends, stack.place.lane, stack.place.lanes) == (540, 570, 3, 4)
    assert assembled(*at_nine).shown == 6


def test_a_stack_lasts_from_its_first_card_to_the_end_of_its_last():
    others = [booked("09:00", 120, lane=number) for number in range(3)]
    stacked = [booked("09:00", lane=3), booked("09:15", 60, lane=4), booked("10:00", lane=5), booked("10:30", lane=3)]

    stacks = [item for item in assembled(*others, *stacked).columns[0].items if item.kind == "stack"]

    assert [(stack.place.starts, stack.place.ends, len(stack.cards)) for stack in stacks] == [(540, 630, 3)]


def test_a_place_is_in_whole_steps_of_the_day_and_has_room_for_a_line():
    def place(starts_at, ends_at):
        return place_of(starts_at, ends_at, DAY, LISBON, shortest=15).classes

    assert place(at("09:02"), at("09:03")) == "h9 m0 lh0 lm15"
    assert place(at("23:55"), at("23:55") + timedelta(hours=2)) == "h23 m45 lh0 lm15"
    assert place(at("09:00"), at("10:31")) == "h9 m0 lh1 lm35"


def test_a_day_of_25_hours_keeps_both_instants_of_the_hour_that_comes_twice():
    autumn = date(2029, 10, 28)
    first = datetime(2029, 10, 28, 0, 30, tzinfo=UTC)
    hours = {OKAFOR.id: PractitionerHours(OKAFOR.id, (WeeklyRange(6, 0, 240),))}
    asked = DayQuestion(autumn, EVENING_BEFORE - timedelta(days=60), [OKAFOR], [], ClinicHours(LISBON), hours)

    gaps = [item for item in assemble_day(asked).columns[0].items if isinstance(item, Gap)]

    assert sum(gap.minutes for gap in gaps) == 5 * 60
    assert gaps[0].starts_at < first
