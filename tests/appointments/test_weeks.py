"""Weeks that hold from one day to another: replaced, merged and checked, without a database."""

from datetime import date

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.hours.weeks import Week, replace_week, week_problems, weeks_of

DEC, JAN, FEB = date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)
LAST_OF_NOV, LAST_OF_DEC, LAST_OF_JAN = date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)
MORNING, AFTERNOON = WeeklyRange(0, 480, 720), WeeklyRange(0, 780, 1020)


def periods(ranges):
    return [(week.valid_from, week.valid_until, week.ranges) for week in weeks_of(ranges)]


def test_a_week_replaces_all_that_held_on_its_days_and_nothing_else():
    always = replace_week([], [MORNING], None, None)
    from_december = replace_week(always, [AFTERNOON], DEC, None)
    in_january = replace_week(from_december, [MORNING, AFTERNOON], JAN, LAST_OF_JAN)

    assert periods(always) == [(None, None, (MORNING,))]
    assert periods(from_december) == [(None, LAST_OF_NOV, (MORNING,)), (DEC, None, (AFTERNOON,))]
    assert periods(in_january) == [
        (None, LAST_OF_NOV, (MORNING,)),
        (DEC, LAST_OF_DEC, (AFTERNOON,)),
        (JAN, LAST_OF_JAN, (MORNING, AFTERNOON)),
        (FEB, None, (AFTERNOON,)),
    ]


def test_equal_weeks_that_follow_each_other_are_one():
    split = replace_week(replace_week([], [MORNING], None, LAST_OF_NOV), [MORNING], DEC, None)

    assert periods(split) == [(None, None, (MORNING,))]


def test_a_week_without_ranges_leaves_days_without_hours():
    off_in_december = replace_week([WeeklyRange(0, 480, 720)], [], DEC, LAST_OF_DEC)

    assert periods(off_in_december) == [(None, LAST_OF_NOV, (MORNING,)), (JAN, None, (MORNING,))]
    assert [week.holds_on(DEC) for week in weeks_of(off_in_december)] == [False, False]
    assert replace_week(off_in_december, [], None, None) == []


def test_a_week_lists_the_ranges_of_a_day_in_order():
    (week,) = weeks_of([AFTERNOON, WeeklyRange(2, 480, 720), MORNING])

    assert isinstance(week, Week)
    assert (week.on(0), week.on(1)) == ((MORNING, AFTERNOON), ())


@pytest.mark.parametrize(
    ("ranges", "problems"),
    [
        ([(0, 480, 750), (0, 750, 1020), (1, 480, 750)], {}),
        ([(0, 480, 750), (0, 720, 1020)], {1: "Monday: 08:00–12:30 and 12:00–17:00 overlap"}),
        ([(0, 720, 1020), (0, 480, 750)], {0: "Monday: 08:00–12:30 and 12:00–17:00 overlap"}),
        (
            [(0, 480, 1440), (0, 540, 600), (0, 660, 720)],
            {
                1: "Monday: 08:00–24:00 and 09:00–10:00 overlap",
                2: "Monday: 08:00–24:00 and 11:00–12:00 overlap",
            },
        ),
        (
            [(4, 840, 540), None, (6, 600, 600)],
            {
                0: "Friday: 14:00–09:00 ends before it starts",
                2: "Sunday: 10:00–10:00 ends before it starts",
            },
        ),
    ],
)
def test_each_range_with_a_problem_is_named_by_its_day_and_times(ranges, problems):
    assert week_problems(ranges) == problems
