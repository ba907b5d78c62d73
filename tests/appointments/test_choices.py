"""What becomes of booked appointments outside changed hours: they stay, are moved or are cancelled with the change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.service import (
    AppointmentsOutside,
    ChoiceImpossible,
    appointment_service,
    closure_service,
    hours_exception_service,
    hours_service,
    propose_times,
)
from clinic.core.context import current_actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput, PermissionDenied
from tests.appointments.schedule import a_room, a_service
from tests.builders import a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

pytestmark = pytest.mark.usefixtures("inside")

DAY = date(2029, 11, 26)
MORNINGS = [WeeklyRange(weekday, 480, 720) for weekday in range(5)]
FROM_TEN = [WeeklyRange(weekday, 600, 720) for weekday in range(5)]


@pytest.fixture
def practitioner():
    """Somebody who works in the mornings."""
    practitioner = a_practitioner()
    hours_service.set_week(practitioner.id, MORNINGS)
    return practitioner


def at(hour, minute=0, *, day=26):
    return datetime(2029, 11, day, hour, minute, tzinfo=UTC)


def state(appointment):
    db.session.refresh(appointment)
    return appointment.status, appointment.starts_at


def proposals(preview):
    return {one.appointment.id: one.proposals for one in propose_times(preview, 20).outside}


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.both_databases
def test_appointments_stay_are_moved_and_are_cancelled_together_with_the_hours(practitioner, published):
    kept, moved, cancelled = (an_appointment(None, practitioner, at(*time)) for time in ((8,), (8, 30), (9,)))
    del published[:]

    hours_service.set_week(
        practitioner.id, FROM_TEN, choices={kept.id: "keep", moved.id: at(10), cancelled.id: "cancel"}
    )

    assert state(kept) == ("booked", at(8))
    assert state(moved) == ("booked", at(10))
    assert state(cancelled) == ("cancelled", at(9))
    assert cancelled.cancel_reason == "practitioner"
    assert [name for name, _ in published] == ["appointment.cancelled", "appointment.rescheduled"]


@pytest.mark.slow
def test_a_taken_time_changes_neither_hours_nor_appointments(practitioner):
    cancelled, moved = an_appointment(None, practitioner, at(8)), an_appointment(None, practitioner, at(9))
    an_appointment(None, practitioner, at(10))

    with pytest.raises(ChoiceImpossible, match="09:00: This time is taken") as error:
        hours_service.set_week(practitioner.id, FROM_TEN, choices={cancelled.id: "cancel", moved.id: at(10)})

    assert error.value.appointment_id == moved.id
    assert (error.value.details["problem"], error.value.code) == ("slot-taken", "choice-impossible")
    assert hours_service.get(practitioner.id).weeks[0].ranges[0].starts == 480
    assert [state(one)[0] for one in (cancelled, moved)] == ["booked", "booked"]


@pytest.mark.parametrize("start", [at(9), at(9, 30)])
def test_an_appointment_is_moved_only_into_the_changed_hours(practitioner, start):
    moved = an_appointment(None, practitioner, at(8))

    with pytest.raises(ChoiceImpossible, match="outside the working hours"):
        hours_service.set_week(practitioner.id, FROM_TEN, choices={moved.id: start})


def test_what_does_not_fall_outside_can_not_be_chosen(practitioner):
    inside, unknown = an_appointment(None, practitioner, at(10)).id, uuid4()

    with pytest.raises(InvalidInput) as error:
        hours_service.set_week(practitioner.id, FROM_TEN, choices={inside: "cancel", unknown: "keep"})

    assert len(error.value.problems["appointments"]) == 2
    assert appointment_service.get(inside).status == "booked"


def test_who_may_not_change_appointments_can_only_keep_them(practitioner):
    outside = an_appointment(None, practitioner, at(8))
    token = set_actor(replace(current_actor(), permissions=frozenset({"schedule:write"})))

    with pytest.raises(PermissionDenied):
        hours_service.set_week(practitioner.id, FROM_TEN, choices={outside.id: "cancel"})
    hours_service.set_week(practitioner.id, FROM_TEN, choices={outside.id: "keep"})
    reset_actor(token)

    assert state(outside) == ("booked", at(8))


@pytest.mark.slow
def test_choices_hold_for_the_list_that_was_shown(practitioner):
    moved = an_appointment(None, practitioner, at(8))
    seal = hours_service.preview_week(practitioner.id, FROM_TEN).seal
    an_appointment(None, practitioner, at(9))

    with pytest.raises(AppointmentsOutside):
        hours_service.set_week(practitioner.id, FROM_TEN, seen=seal, choices={moved.id: at(10)})


@pytest.mark.slow
def test_leave_closures_and_deleted_extra_hours_take_choices_too(practitioner):
    first, second, third = (an_appointment(None, practitioner, at(9, day=day)) for day in (26, 27, 28))
    leave = hours_exception_service.create(
        practitioner_id=practitioner.id,
        kind="leave",
        first_day=DAY,
        last_day=DAY,
        choices={first.id: at(11, day=27)},
    )
    hours_exception_service.update(
        leave.id, first_day=DAY, last_day=date(2029, 11, 27), choices={first.id: "cancel", second.id: "cancel"}
    )
    closed = date(2029, 11, 28)
    closure_service.create(name="Drill", first_day=closed, last_day=closed, choices={third.id: "cancel"})

    assert [state(one)[0] for one in (first, second, third)] == ["cancelled"] * 3
    assert [one.cancel_reason for one in (first, second, third)] == ["practitioner", "practitioner", "clinic"]

    saturday = date(2029, 12, 1)
    extra = hours_exception_service.create(
        practitioner_id=practitioner.id, kind="extra", first_day=saturday, last_day=saturday, starts=540, ends=720
    )
    fourth = an_appointment(None, practitioner, datetime(2029, 12, 1, 9, tzinfo=UTC))
    hours_exception_service.delete(extra.id, choices={fourth.id: at(11, day=30)})
    assert state(fourth) == ("booked", at(11, day=30))


@pytest.mark.slow
def test_proposed_times_are_free_in_the_changed_hours_and_nearest_to_the_old_one(practitioner):
    first, second = an_appointment(None, practitioner, at(8)), an_appointment(None, practitioner, at(9))
    an_appointment(None, practitioner, at(10))

    proposed = proposals(hours_service.preview_week(practitioner.id, FROM_TEN))

    assert proposed[first.id] == [at(10, 30), at(10, day=27), at(10, day=28)]
    assert proposed[second.id] == [at(11), at(10, day=27), at(10, day=28)]
    hours_service.set_week(practitioner.id, FROM_TEN, choices={one: times[0] for one, times in proposed.items()})


@pytest.mark.slow
def test_proposed_times_leave_out_those_of_the_patient_and_of_taken_or_closed_rooms(practitioner):
    room, other_room = a_room(), a_room("Room 2")
    service = a_service(rooms=[room])
    patient = somebody()
    moved = an_appointment(patient, practitioner, at(9))
    appointment_service.reschedule(moved.id, starts_at=at(9), service_id=service.id)
    an_appointment(patient, a_practitioner("Dr Silva"), at(10))
    beside = an_appointment(None, a_practitioner("Dr Brandt"), at(10, 30))
    appointment_service.reschedule(beside.id, starts_at=at(10, 30), room_id=room.id)
    closure_service.create(name="Floor", first_day=date(2029, 11, 27), last_day=date(2029, 11, 27), room_id=room.id)
    closure_service.create(name="Floor", first_day=DAY, last_day=DAY, room_id=other_room.id)

    proposed = proposals(hours_service.preview_week(practitioner.id, FROM_TEN))

    assert proposed[moved.id] == [at(11), at(10, day=28), at(10, day=29)]


def test_nothing_is_proposed_where_nobody_works_any_more(practitioner):
    outside = an_appointment(None, practitioner, at(9))
    days = {"first_day": DAY, "last_day": date(2029, 12, 31), "starts": None, "ends": None, "room_id": None}
    leave = {"practitioner_id": practitioner.id, "kind": "leave", **days}

    assert proposals(hours_exception_service.preview(None, leave)) == {outside.id: []}


def test_the_time_that_falls_outside_is_not_proposed_in_another_room(practitioner):
    room, other_room = a_room(), a_room("Room 2")
    moved = an_appointment(None, practitioner, at(9))
    appointment_service.reschedule(moved.id, starts_at=at(9), service_id=a_service(rooms=[room, other_room]).id)
    floor: dict[str, Any] = {
        "name": "Floor",
        "first_day": DAY,
        "last_day": DAY,
        "starts": None,
        "ends": None,
        "room_id": room.id,
    }

    [times] = proposals(closure_service.preview(None, floor)).values()

    assert times[0] != at(9)
    closure_service.create(**floor, choices={moved.id: times[0]})
    assert state(moved) == ("booked", times[0])


@pytest.mark.slow
def test_a_refused_change_of_hours_reads_no_appointment_again(app, practitioner):
    for hour in (8, 9):
        an_appointment(None, practitioner, at(hour))
    with pytest.raises(AppointmentsOutside) as refused:
        hours_service.set_week(practitioner.id, FROM_TEN, seen="another")

    with counted_statements(app) as statements:
        assert len({one.appointment.version for one in refused.value.preview.outside}) == 1
        assert refused.value.preview.seal

    assert of_rows(statements) == []
