"""Wall times of a clinic, on the days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.clock import NonexistentTime, at_wall_time, day_bounds, is_ambiguous, now, today

LISBON, NEW_YORK = "Europe/Lisbon", "America/New_York"
ZONES = st.sampled_from([LISBON, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "UTC"])
DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 30))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "shown", "instant"),
    [
        (LISBON, "2026-01-15 09:00", "2026-01-15 09:00"),
        (LISBON, "2026-07-15 09:00", "2026-07-15 08:00"),
        (NEW_YORK, "2026-01-15 09:00", "2026-01-15 14:00"),
        (NEW_YORK, "2026-07-15 09:00", "2026-07-15 13:00"),
        (LISBON, "2026-03-29 00:59", "2026-03-29 00:59"),
        (LISBON, "2026-03-29 02:00", "2026-03-29 01:00"),
        (NEW_YORK, "2026-03-08 01:59", "2026-03-08 06:59"),
        (NEW_YORK, "2026-03-08 03:00", "2026-03-08 07:00"),
    ],
)
def test_a_wall_time_is_one_instant(zone, shown, instant):
    assert at_wall_time(wall(shown), zone) == utc(instant)
    assert not is_ambiguous(wall(shown), zone)


@pytest.mark.row(84)
@pytest.mark.parametrize(
    ("zone", "skipped", "nearest"),
    [
        (LISBON, "2026-03-29 01:00", "00:59 or 02:00"),
        (LISBON, "2026-03-29 01:30", "00:59 or 02:00"),
        (LISBON, "2026-03-29 01:59:59", "00:59 or 02:00"),
        (NEW_YORK, "2026-03-08 02:00", "01:59 or 03:00"),
        (NEW_YORK, "2026-03-08 02:59", "01:59 or 03:00"),
    ],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_a_wall_time_that_the_clocks_skip_is_refused_naming_the_nearest(zone, skipped, nearest, fold):
    with pytest.raises(NonexistentTime) as refused:
        at_wall_time(wall(skipped), zone, fold=fold)

    assert nearest in refused.value.message
    assert list(refused.value.problems) == ["starts_at"]
    assert not is_ambiguous(wall(skipped), zone)


@pytest.mark.parametrize(
    ("zone", "twice", "earlier", "later"),
    [
        (LISBON, "2026-10-25 01:00", "2026-10-25 00:00", "2026-10-25 01:00"),
        (LISBON, "2026-10-25 01:59", "2026-10-25 00:59", "2026-10-25 01:59"),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30", "2026-11-01 06:30"),
    ],
)
def test_an_ambiguous_local_time_is_the_earlier_one_unless_fold_is_1(zone, twice, earlier, later):
    assert is_ambiguous(wall(twice), zone)
    assert at_wall_time(wall(twice), zone) == utc(earlier)
    assert at_wall_time(wall(twice), zone, fold=1) == utc(later)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (LISBON, "2026-10-25 00:59"),
        (LISBON, "2026-10-25 02:00"),
        (NEW_YORK, "2026-11-01 00:59"),
        (NEW_YORK, "2026-11-01 02:00"),
    ],
)
def test_just_outside_the_hour_that_comes_twice_nothing_is_ambiguous(zone, shown):
    assert not is_ambiguous(wall(shown), zone)
    assert at_wall_time(wall(shown), zone) == at_wall_time(wall(shown), zone, fold=1)


@pytest.mark.slow
@given(instant=st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)), zone=ZONES)
def test_what_the_clocks_show_at_an_instant_leads_back_to_it(instant, zone):
    shown = instant.astimezone(ZoneInfo(zone))

    assert at_wall_time(shown.replace(tzinfo=None), zone, fold=shown.fold) == instant


@pytest.mark.row(84)
@pytest.mark.parametrize(
    ("zone", "day", "first", "hours"),
    [
        (LISBON, date(2026, 3, 29), "2026-03-29 00:00", 23),
        (LISBON, date(2026, 10, 25), "2026-10-24 23:00", 25),
        (LISBON, date(2026, 6, 1), "2026-05-31 23:00", 24),
        (NEW_YORK, date(2026, 3, 8), "2026-03-08 05:00", 23),
        (NEW_YORK, date(2026, 11, 1), "2026-11-01 04:00", 25),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04 03:00", 23),
        ("America/Havana", date(2026, 11, 1), "2026-11-01 04:00", 25),
    ],
)
def test_a_day_has_23_24_or_25_hours(zone, day, first, hours):
    start, end = day_bounds(day, zone)

    assert start == utc(first)
    assert end - start == timedelta(hours=hours)


@given(day=DAYS, zone=ZONES)
def test_a_day_ends_where_the_next_begins(day, zone):
    assert day_bounds(day, zone)[1] == day_bounds(day + timedelta(days=1), zone)[0]


@pytest.mark.slow
@given(instant=st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 30), timezones=st.just(UTC)), zone=ZONES)
def test_an_instant_lies_within_the_day_that_it_is_there(instant, zone):
    with time_machine.travel(instant, tick=False):
        start, end = day_bounds(today(zone), zone)

    assert start <= instant < end


@time_machine.travel("2026-03-01 02:30 +0000", tick=False)
def test_it_is_still_yesterday_in_new_york():
    assert now() == utc("2026-03-01 02:30")
    assert now().tzinfo is UTC
    assert today(LISBON) == date(2026, 3, 1)
    assert today(NEW_YORK) == date(2026, 2, 28)
