"""Public holidays of the clinic's place, and which of them it is closed on."""

from datetime import UTC, date, datetime

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.hours import public_holidays
from clinic.appointments.hours.public_holidays import PublicHoliday
from clinic.appointments.service import closure_service, hours_service
from clinic.core.errors import StaleVersion
from clinic.core.regions import has_holidays, region_names, region_problem
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from tests.builders import an_appointment

GOOD_FRIDAY, CARNIVAL = date(2029, 3, 30), date(2029, 2, 13)
SAINT_ANTHONY, SAINT_JOHN = date(2029, 6, 13), date(2029, 6, 24)


def days(country, subdivision=None):
    return {one.day: one for one in public_holidays.public_holidays(country, subdivision, 2029)}


def test_a_part_of_a_country_has_its_own_holidays_and_optional_ones_are_marked():
    country, lisbon, porto = days("PT"), days("PT", "11"), days("PT", "13")

    assert SAINT_JOHN not in country
    assert porto[SAINT_JOHN] == PublicHoliday(SAINT_JOHN, "Saint John's Day")
    assert lisbon[SAINT_ANTHONY] == PublicHoliday(SAINT_ANTHONY, "Saint Anthony's Day")
    assert porto[CARNIVAL] == PublicHoliday(CARNIVAL, "Carnival", optional=True)
    assert days("PT", "99") == country


def test_parts_are_named_and_only_those_with_a_short_code_are_listed():
    assert region_names("PT")["11"] == "Lisboa"
    assert next(iter(region_names("DE"))) == "BW"
    assert "Augsburg" not in region_names("DE")


@pytest.mark.parametrize("country", [None, "XX", "PRT"])
def test_a_country_without_a_list_has_no_holidays(country):
    assert not has_holidays(country)
    assert days(country) == region_names(country) == {}


@pytest.mark.parametrize(
    ("country", "code", "problem"),
    [
        ("PT", "11", None),
        ("PT", "99", "Portugal has no region 99 with public holidays of its own: enter a code like 01 for Aveiro"),
        ("SG", "01", "Singapore has no regions with public holidays of their own: leave this empty"),
        (None, "11", "This country has no regions with public holidays of their own: leave this empty"),
    ],
)
def test_a_region_is_one_of_its_country(country, code, problem):
    assert region_problem(country, code) == problem


@pytest.fixture
def lisbon(inside):
    """Let the clinic be in Lisbon."""
    with unit_of_work():
        clinic_service.current().subdivision = "11"


@pytest.mark.usefixtures("lisbon")
class TestSaving:
    """Ticked days are closures with a copy of their name."""

    def test_ticked_days_are_closures_and_others_are_not(self):
        assert closure_service.save_holidays(2029, {GOOD_FRIDAY, CARNIVAL, date(2029, 3, 1)}) == 2
        assert closure_service.save_holidays(2029, {GOOD_FRIDAY, SAINT_ANTHONY}, shown={GOOD_FRIDAY, CARNIVAL}) == 2

        found = closure_service.list().rows
        assert [(row.first_day, row.last_day, row.name, row.holiday) for row in found] == [
            (GOOD_FRIDAY, GOOD_FRIDAY, "Good Friday", True),
            (SAINT_ANTHONY, SAINT_ANTHONY, "Saint Anthony's Day", True),
        ]

    def test_a_saved_name_stays_whatever_the_list_says_later(self, monkeypatch):
        closure_service.save_holidays(2029, {GOOD_FRIDAY})
        monkeypatch.setattr("clinic.appointments.hours.closures.public_holidays", lambda *_: ())

        (kept,) = closure_service.holidays(2029)

        assert (kept.day, kept.name, kept.saved, kept.optional) == (GOOD_FRIDAY, "Good Friday", True, False)

    def test_each_day_says_whether_the_clinic_is_closed_anyway_and_how_many_are_booked(self):
        hours_service.set_week(None, [WeeklyRange(weekday, 480, 1140) for weekday in range(5)])
        an_appointment(starts_at=datetime(2029, 3, 30, 9, tzinfo=UTC))

        found = {one.day: one for one in closure_service.holidays(2029)}

        assert (found[GOOD_FRIDAY].booked, found[GOOD_FRIDAY].closed_anyway) == (1, False)
        easter = found[date(2029, 4, 1)]
        assert (easter.name, easter.booked, easter.closed_anyway) == ("Easter Sunday", 0, True)

    def test_other_days_saved_meanwhile_are_not_overwritten(self):
        closure_service.save_holidays(2029, {GOOD_FRIDAY})

        with pytest.raises(StaleVersion):
            closure_service.save_holidays(2029, {CARNIVAL}, shown=())

        assert [row.first_day for row in closure_service.list().rows] == [GOOD_FRIDAY]
