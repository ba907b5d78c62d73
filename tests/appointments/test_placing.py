"""Where appointments take place: rooms and places, buffers, working time, and lanes of what is booked over another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinic.appointments.models import WeeklyHours
from clinic.appointments.service import (
    NotOffered,
    PatientBusy,
    SlotTaken,
    appointment_service,
    room_service,
    service_catalogue,
)
from clinic.core.context import current_actor, reset_actor, set_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput, PermissionDenied
from clinic.core.unit_of_work import unit_of_work
from tests.appointments.schedule import a_room, a_service, book
from tests.assertions import row_counts
from tests.builders import MONDAY, a_practitioner, somebody

pytestmark = pytest.mark.usefixtures("inside")

MINUTE = timedelta(minutes=1)
WHY: dict[str, Any] = {"overbook_reason": "Emergency"}


def at(minutes):
    return MONDAY + minutes * MINUTE


def works(practitioner, starts=8 * 60, ends=12 * 60):
    """Let somebody work on Mondays, from eight to twelve."""
    with unit_of_work():
        db.session.add(WeeklyHours(practitioner_id=practitioner.id, weekday=0, starts=starts, ends=ends))


def where(appointment):
    return appointment.room_id, appointment.place, appointment.lane


@pytest.fixture
def without_overbooking():
    """Act as somebody who may not overbook."""
    token = set_actor(replace(current_actor(), permissions=frozenset({"appointments:write"})))
    yield
    reset_actor(token)


@pytest.mark.slow
def test_an_appointment_takes_the_first_room_of_its_service_and_the_lowest_free_place():
    small, large = a_room("A"), a_room("B", places=2)
    service = a_service(rooms=[large, small])

    places = [where(book(service=service)) for _ in range(3)]
    with pytest.raises(SlotTaken) as refused:
        book(service=service)

    assert places == [(small.id, 0, 0), (large.id, 0, 0), (large.id, 1, 0)]
    assert (refused.value.resource, refused.value.message[:15]) == ("room", "No room is free")


@pytest.mark.slow
def test_a_place_that_is_free_again_is_taken_again():
    service = a_service(rooms=[a_room(places=3)])
    first = [book(service=service) for _ in range(3)]

    appointment_service.cancel(first[1].id)

    assert book(service=service).place == 1


@pytest.mark.slow
def test_a_room_can_be_chosen_with_and_without_a_service():
    rooms = [a_room("A"), a_room("B")]
    service = a_service(rooms=rooms)

    chosen = [book(service=service, room_id=rooms[1].id), book(room_id=rooms[0].id)]

    assert [one.room_id for one in chosen] == [rooms[1].id, rooms[0].id]
    with pytest.raises(SlotTaken) as refused:
        book(room_id=rooms[0].id)
    assert refused.value.conflicts == [chosen[1].id]


def test_what_does_not_suit_each_other_is_refused_at_its_field(app, here, other_clinic):
    with here(other_clinic.id):
        foreign = {"service_id": a_service().id, "room_id": a_room().id}
    room, other, closed = a_room("A"), a_room("B"), a_room("C")
    service, old = a_service(rooms=[room]), a_service("Old")
    theirs = a_service("Theirs", practitioner_ids=[a_practitioner("Dr Brandt").id])
    room_service.deactivate(closed.id)
    service_catalogue.deactivate(old.id)

    for fields, field in (
        ({"service_id": foreign["service_id"]}, "service_id"),
        ({"room_id": foreign["room_id"]}, "room_id"),
        ({"service": service, "room_id": other.id}, "room_id"),
        ({"room_id": closed.id}, "room_id"),
        ({"service": old}, "service_id"),
        ({"service": theirs}, "service_id"),
    ):
        with pytest.raises(InvalidInput) as refused:
            book(**fields)
        assert list(refused.value.problems) == [field]
    assert row_counts(app)["appointments"] == 0


@pytest.mark.parametrize(("gap", "is_free"), [(24, False), (25, True)])
def test_buffers_of_neighbours_add_up(gap, is_free):
    practitioner, service = a_practitioner(), a_service(buffer_before=10, buffer_after=15)
    first = book(practitioner=practitioner, service=service)

    if is_free:
        assert book(at(30 + gap), practitioner=practitioner, service=service).lane == 0
    else:
        with pytest.raises(SlotTaken) as refused:
            book(at(30 + gap), practitioner=practitioner, service=service)
        assert refused.value.conflicts == [first.id]
    assert (first.blocked_from, first.blocked_until) == (at(-10), at(45))


def test_buffers_bind_the_room_and_never_the_patient():
    room, patient = a_room(), somebody()
    service = a_service(rooms=[room], buffer_after=15)
    book(patient=patient, service=service)

    with pytest.raises(SlotTaken) as refused:
        book(at(30), service=service)

    assert refused.value.resource == "room"
    assert book(at(30), patient=patient).lane == 0


def test_outside_working_time_is_refused_with_the_reason_and_the_next_free_times():
    practitioner = a_practitioner()
    works(practitioner)

    with pytest.raises(NotOffered) as refused:
        book(at(180), practitioner=practitioner, patient=somebody())

    assert refused.value.details["reason"] == "outside-hours"
    assert refused.value.next_free == [at(7 * 24 * 60 + minutes) for minutes in (-60, -45, -30, -15, 0)]


def test_a_taken_time_comes_with_the_next_free_ones():
    practitioner = a_practitioner()
    works(practitioner)
    book(practitioner=practitioner)
    book(at(45), 15, practitioner=practitioner)

    with pytest.raises(SlotTaken) as refused:
        book(practitioner=practitioner)

    assert refused.value.next_free == [at(minutes) for minutes in (60, 75, 90, 105, 120)]
    assert refused.value.details["next_free"][0] == "2029-11-26T10:00:00Z"


def test_notice_and_horizon_of_the_service_bind_bookings():
    soon, far = a_service("Soon", notice_minutes=10**7), a_service("Far", horizon_days=1)

    for service, reason in ((soon, "notice"), (far, "horizon")):
        with pytest.raises(NotOffered) as refused:
            book(service=service)
        assert refused.value.details["reason"] == reason


@pytest.mark.slow
def test_who_may_overbook_books_beside_another_with_a_reason_and_it_is_marked():
    practitioner = a_practitioner()
    first = book(practitioner=practitioner)

    lanes = [book(practitioner=practitioner, **WHY) for _ in range(2)]

    assert (first.lane, first.overbook_reason) == (0, None)
    assert [(one.lane, one.overbook_reason) for one in lanes] == [(1, "Emergency"), (2, "Emergency")]
    with pytest.raises(SlotTaken):
        book(at(15), practitioner=practitioner)


def test_a_reason_is_only_stored_if_it_was_needed(without_overbooking):
    appointment = book(**WHY)

    assert (appointment.lane, appointment.overbook_reason) == (0, None)


def test_without_the_permission_a_reason_does_not_help(without_overbooking):
    practitioner = a_practitioner()
    book(practitioner=practitioner)

    with pytest.raises(PermissionDenied):
        book(practitioner=practitioner, **WHY)
    with pytest.raises(PermissionDenied):
        book(datetime(2020, 1, 6, 9, tzinfo=UTC), **WHY)


def test_outside_hours_somebody_who_may_books_in_lane_0():
    practitioner = a_practitioner()
    works(practitioner)

    late = book(at(600), practitioner=practitioner, **WHY)

    assert (late.lane, late.overbook_reason) == (0, "Emergency")


def test_nobody_books_a_patient_twice_whatever_they_may():
    patient = somebody()
    taken = book(patient=patient)

    with pytest.raises(PatientBusy) as refused:
        book(at(10), patient=patient, **WHY)

    assert refused.value.conflicts == [taken.id]


@pytest.mark.slow
def test_a_full_room_is_overbooked_in_its_emptiest_place():
    room = a_room(places=2)
    service = a_service(rooms=[room])
    book(service=service)
    book(service=service)

    over = [book(service=service, **WHY) for _ in range(3)]

    assert [where(one) for one in over] == [(room.id, 0, 1), (room.id, 1, 1), (room.id, 0, 2)]


@pytest.mark.slow
def test_the_one_beside_takes_the_lane_of_the_one_that_leaves():
    practitioner = a_practitioner()
    first = book(minutes=60, practitioner=practitioner)
    beside = [
        book(practitioner=practitioner, **WHY),
        book(at(30), practitioner=practitioner, **WHY),
        book(practitioner=practitioner, **WHY),
    ]

    appointment_service.cancel(first.id)

    assert [appointment_service.get(one.id).lane for one in beside] == [0, 0, 2]
    assert [appointment_service.get(one.id).version for one in beside] == [2, 2, 1]


@pytest.mark.slow
def test_the_one_beside_stays_while_it_is_over_another_one_too():
    practitioner = a_practitioner()
    first, second = book(practitioner=practitioner), book(at(30), practitioner=practitioner)
    beside = book(at(15), practitioner=practitioner, **WHY)

    appointment_service.cancel(first.id)
    assert appointment_service.get(beside.id).lane == 1
    appointment_service.reschedule(second.id, starts_at=at(120))

    assert appointment_service.get(beside.id).lane == 0


def test_an_undone_cancellation_goes_beside_what_was_booked_over_it():
    practitioner = a_practitioner()
    first = book(practitioner=practitioner)
    beside = book(practitioner=practitioner, **WHY)
    appointment_service.cancel(first.id)

    back = appointment_service.undo(first.id)

    assert (back.status, back.lane, appointment_service.get(beside.id).lane) == ("booked", 1, 0)


def test_a_practitioner_without_hours_is_bookable_at_any_time():
    assert book(at(12 * 60)).lane == 0
