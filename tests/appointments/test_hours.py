"""Weekly hours and opening hours as other modules know them: set, replaced, refused, and what falls outside."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.models import Room
from clinic.appointments.service import (
    AppointmentsOutside,
    PractitionerNotFound,
    appointment_service,
    hours_service,
    practitioner_service,
)
from clinic.core.db import db
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from tests.assertions import rows
from tests.builders import a_practitioner, an_appointment

pytestmark = pytest.mark.usefixtures("inside")

MORNINGS = [WeeklyRange(weekday, 480, 720) for weekday in range(5)]
DEC = date(2029, 12, 1)


def a_room(name="Room 1"):
    with unit_of_work():
        room = Room(name=name)
        db.session.add(room)
    return room


def weekly_entries(app):
    return [entry["action"] for entry in rows(app, "audit_entries") if entry["record"] == "weekly_hours"]


def test_a_week_is_stored_with_the_practitioner_and_raises_the_version():
    practitioner, room = a_practitioner(), a_room()
    ranges = [WeeklyRange(0, 480, 750, room.id), WeeklyRange(0, 795, 1440)]

    hours = hours_service.set_week(practitioner.id, ranges, version=1)

    assert (hours.practitioner_id, hours.version, hours.zone) == (practitioner.id, 2, "Europe/Lisbon")
    assert [(week.ranges, week.valid_from, week.valid_until) for week in hours.weeks] == [(tuple(ranges), None, None)]
    assert hours_service.get(practitioner.id) == hours
    assert hours_service.get(None).weeks == []


def test_opening_hours_belong_to_the_clinic(clinic):
    hours = hours_service.set_week(None, MORNINGS)

    assert (hours.id, hours.practitioner_id, hours.version) == (clinic.id, None, 2)
    assert hours_service.get(a_practitioner().id).weeks == []


def test_only_what_changes_is_recorded(app):
    practitioner = a_practitioner()
    hours_service.set_week(practitioner.id, MORNINGS)
    hours_service.set_week(practitioner.id, MORNINGS[:4], valid_from=DEC)

    again = hours_service.set_week(practitioner.id, MORNINGS[:4], valid_from=DEC)

    assert weekly_entries(app) == ["created"] * 5 + ["created"] * 4 + ["changed"] * 5
    assert again.version == 3
    assert [week.valid_until for week in again.weeks] == [date(2029, 11, 30), None]


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("ranges", "limits", "problems"),
    [
        ([WeeklyRange(0, 480, 750), WeeklyRange(0, 720, 1020)], {}, {"ranges"}),
        ([WeeklyRange(0, 480, 720, uuid4())], {}, {"ranges"}),
        (MORNINGS, {"valid_from": DEC, "valid_until": date(2029, 11, 30)}, {"valid_until"}),
    ],
)
def test_a_week_that_can_not_be_is_refused(ranges, limits, problems):
    practitioner = a_practitioner()

    with pytest.raises(InvalidInput) as refused:
        hours_service.set_week(practitioner.id, ranges, **limits)

    assert refused.value.problems.keys() == problems
    assert hours_service.get(practitioner.id).weeks == []


def test_a_stale_version_and_an_unknown_practitioner_are_refused(other_clinic, here):
    practitioner = a_practitioner()
    hours_service.set_week(practitioner.id, MORNINGS, version=1)

    with pytest.raises(StaleVersion):
        hours_service.set_week(practitioner.id, [], version=1)
    with here(other_clinic.id):
        for act in (hours_service.get, lambda owner: hours_service.set_week(owner, MORNINGS)):
            with pytest.raises(PractitionerNotFound):
                act(practitioner.id)
    assert len(hours_service.get(practitioner.id).weeks) == 1


def at(day, hour, minute=0):
    return datetime(2029, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.slow
def test_a_preview_lists_what_a_week_leaves_outside_and_why():
    practitioner = a_practitioner()
    starts = {
        at(26, 10): None,
        at(26, 7): "Before 08:00",
        at(26, 11, 45): "After 12:00",
        at(27, 12, 30): "Break",
        at(28, 9): "No hours on that day",
    }
    booked = [an_appointment(practitioner=practitioner, starts_at=start) for start in sorted(starts)]
    an_appointment(starts_at=at(26, 20))
    appointment_service.cancel(an_appointment(practitioner=practitioner, starts_at=at(28, 12)).id)
    week = [WeeklyRange(0, 480, 720), WeeklyRange(1, 480, 720), WeeklyRange(1, 840, 1020)]

    preview = hours_service.preview_week(practitioner.id, week)
    later = hours_service.preview_week(practitioner.id, week, valid_from=date(2029, 11, 28))
    earlier = hours_service.preview_week(practitioner.id, week, valid_until=date(2029, 11, 26))

    assert {one.appointment.starts_at: one.reason for one in preview.outside} == {
        start: reason for start, reason in starts.items() if reason
    }
    assert [one.appointment.id for one in later.outside] == [booked[-1].id]
    assert len(earlier.outside) == 2
    assert preview.text == "4 booked appointments fall outside these hours"
    assert hours_service.preview_week(a_practitioner("Dr Brandt").id, week).text.startswith("No booked")


def test_what_was_outside_before_is_not_listed_again():
    practitioner = practitioner_service.get(an_appointment(starts_at=at(26, 20)).practitioner_id)
    hours_service.set_week(practitioner.id, MORNINGS)

    assert hours_service.preview_week(practitioner.id, MORNINGS[:2]).outside == []


def test_opening_hours_are_previewed_for_every_practitioner():
    outside = [an_appointment(starts_at=at(26, 20)), an_appointment(starts_at=at(26, 21))]

    preview = hours_service.preview_week(None, [WeeklyRange(0, 480, 1140)])

    assert [one.appointment.id for one in preview.outside] == [one.id for one in outside]


@pytest.mark.slow
def test_saving_needs_the_preview_to_be_still_the_one_that_was_shown():
    practitioner = practitioner_service.get(an_appointment(starts_at=at(26, 20)).practitioner_id)
    shown = hours_service.preview_week(practitioner.id, MORNINGS).seal
    an_appointment(practitioner=practitioner, starts_at=at(26, 21))

    with pytest.raises(AppointmentsOutside) as refused:
        hours_service.set_week(practitioner.id, MORNINGS, seen=shown)

    assert (len(refused.value.preview.outside), hours_service.get(practitioner.id).weeks) == (2, [])
    hours_service.set_week(practitioner.id, MORNINGS, seen=refused.value.preview.seal)
    assert len(hours_service.get(practitioner.id).weeks) == 1
