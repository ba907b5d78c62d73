"""Hours as they are loaded for a search of free times: in a constant number of queries, and complete."""

from datetime import date, datetime

import pytest

from clinic.appointments.free_times.working_time import (
    ClosureRange,
    ExceptionRange,
    WeeklyRange,
    working_ranges,
)
from clinic.appointments.models import Closure, HoursException, WeeklyHours
from clinic.appointments.service import availability_service, hours_service
from clinic.core.clock import at_wall_time
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from tests.appointments.schedule import book
from tests.builders import a_practitioner
from tests.statements import counted_statements, of_rows

pytestmark = pytest.mark.usefixtures("inside")

FIRST, LAST = date(2029, 11, 26), date(2029, 12, 2)
ELSEWHERE = date(2029, 3, 1)


def store(*rows):
    with unit_of_work():
        db.session.add_all(rows)


@pytest.mark.slow
def test_hours_are_loaded_by_owner_with_what_is_planned_on_the_days():
    amara, ben, other = a_practitioner("Amara"), a_practitioner("Ben"), a_practitioner("Other")
    store(
        WeeklyHours(weekday=0, starts=480, ends=1140),
        WeeklyHours(practitioner_id=amara.id, weekday=0, starts=480, ends=720, valid_until=ELSEWHERE),
        WeeklyHours(practitioner_id=other.id, weekday=3, starts=480, ends=720),
        HoursException(practitioner_id=ben.id, kind="leave", first_day=ELSEWHERE, last_day=FIRST),
        HoursException(practitioner_id=ben.id, kind="leave", first_day=ELSEWHERE, last_day=ELSEWHERE),
        Closure(name="Fire drill", first_day=LAST, last_day=LAST, starts=780, ends=900),
        Closure(name="Later", first_day=date(2029, 12, 3), last_day=date(2029, 12, 3)),
    )

    clinic, found = hours_service.load([amara.id, ben.id], FIRST, LAST)

    assert (clinic.zone.key, clinic.opening) == ("Europe/Lisbon", (WeeklyRange(0, 480, 1140),))
    assert clinic.closures == (ClosureRange(LAST, LAST, 780, 900),)
    assert found.keys() == {amara.id, ben.id}
    assert found[amara.id].weekly == (WeeklyRange(0, 480, 720, None, None, ELSEWHERE),)
    assert found[ben.id].exceptions == (ExceptionRange("leave", ELSEWHERE, FIRST, None, None),)


def test_hours_of_another_clinic_are_not_loaded(here, other_clinic):
    locum = a_practitioner()
    with here(other_clinic.id):
        store(WeeklyHours(weekday=0, starts=480, ends=1140), Closure(name="Theirs", first_day=FIRST, last_day=LAST))

    clinic, _ = hours_service.load([locum.id], FIRST, LAST)

    assert (clinic.opening, clinic.closures) == ((), ())


def test_hours_of_many_practitioners_take_as_many_queries_as_those_of_one(app):
    ids = [a_practitioner(f"Dr {number}").id for number in range(5)]
    clinic_service.current()

    with counted_statements(app) as one:
        hours_service.load(ids[:1], FIRST, LAST)
    with counted_statements(app) as many:
        hours_service.load(ids, FIRST, LAST)

    assert len(of_rows(many)) == len(of_rows(one)) == 1


@pytest.mark.parametrize(("kind", "bookable"), [("extra", False), ("hours", False), ("leave", True)])
def test_hours_on_other_days_only_count_as_hours(kind, bookable):
    locum = a_practitioner()
    store(
        HoursException(
            practitioner_id=locum.id, kind=kind, first_day=ELSEWHERE, last_day=ELSEWHERE, starts=540, ends=720
        )
    )

    clinic, found = hours_service.load([locum.id], FIRST, LAST)

    assert found[locum.id].has_hours is not bookable
    assert bool(working_ranges(clinic, found[locum.id], FIRST)) is bookable


def test_a_free_time_in_the_evening_leaves_room_for_what_is_booked_after_midnight():
    nights = a_practitioner()
    store(
        WeeklyHours(practitioner_id=nights.id, weekday=0, starts=1320, ends=1440),
        WeeklyHours(practitioner_id=nights.id, weekday=1, starts=0, ends=120),
    )
    book(at_wall_time(datetime(2029, 11, 27), "Europe/Lisbon"), practitioner=nights)

    found = availability_service.find(first_day=FIRST, last_day=FIRST, length=60, practitioner_ids=[nights.id])

    assert found.slots[-1].starts_at == at_wall_time(datetime(2029, 11, 26, 23), "Europe/Lisbon")
