"""Appointments that are moved, and whatever can be undone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinic.appointments.service import (
    AppointmentNotFound,
    IllegalTransition,
    NotOffered,
    PatientBusy,
    SlotTaken,
    appointment_service,
    room_service,
)
from clinic.core.errors import InvalidInput, StaleVersion
from tests.appointments.schedule import a_room, a_service, book
from tests.assertions import row_counts, stored_events
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def place(appointment):
    found = appointment_service.get(appointment.id)
    names = ("practitioner_id", "starts_at", "ends_at", "service_id", "room_id", "place", "lane", "blocked_from")
    return {name: getattr(found, name) for name in (*names, "blocked_until", "wall_start", "overbook_reason")}


def test_a_move_is_made_in_place_and_published(app, published):
    appointment = an_appointment(minutes=45)

    appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR, version=1)

    moved = appointment_service.get(appointment.id)
    assert (moved.starts_at, moved.minutes, moved.status, moved.version) == (MONDAY + HOUR, 45, "booked", 2)
    assert (moved.blocked_from, moved.blocked_until) == (moved.starts_at, moved.ends_at)
    assert moved.wall_start == datetime(2029, 11, 26, 10)
    data = {"appointment_id": str(appointment.id), "patient_id": str(appointment.patient_id)}
    assert published[-1] == ("appointment.rescheduled", data)
    assert stored_events(app, "appointment.cancelled") == []
    assert [move.action for move in appointment_service.history(appointment.id)] == ["book", "reschedule"]


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [-15, 15])
def test_its_own_time_is_not_in_the_way(minutes):
    room = a_room()
    appointment = book(service=a_service(rooms=[room], buffer_after=30))

    moved = appointment_service.reschedule(appointment.id, starts_at=MONDAY + timedelta(minutes=minutes))

    assert (moved.room_id, moved.place, moved.lane) == (room.id, 0, 0)


def test_a_move_to_where_it_is_does_nothing(app, published):
    appointment = an_appointment()
    before = row_counts(app)

    appointment_service.reschedule(appointment.id, starts_at=MONDAY, practitioner_id=appointment.practitioner_id)

    assert row_counts(app) == before
    assert appointment_service.get(appointment.id).version == 1


@pytest.mark.slow
def test_practitioner_service_and_room_can_be_changed():
    rooms, other = [a_room("A"), a_room("B")], a_practitioner("Dr Brandt")
    appointment = book(service=a_service(rooms=[rooms[0]]))
    longer = a_service("Longer", rooms=[rooms[1]], buffer_before=5)

    moved = appointment_service.reschedule(
        appointment.id, starts_at=MONDAY, ends_at=MONDAY + HOUR, practitioner_id=other.id, service_id=longer.id
    )

    assert (moved.practitioner_id, moved.service_id, moved.room_id) == (other.id, longer.id, rooms[1].id)
    assert (moved.minutes, moved.blocked_from) == (60, MONDAY - timedelta(minutes=5))


@pytest.mark.slow
def test_the_room_stays_if_it_is_free_and_else_another_one_is_taken():
    rooms = [a_room("A"), a_room("B")]
    service = a_service(rooms=rooms)
    appointment = book(service=service, room_id=rooms[1].id)
    book(MONDAY + 2 * HOUR, room_id=rooms[1].id)

    stays = appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR).room_id
    changes = appointment_service.reschedule(appointment.id, starts_at=MONDAY + 2 * HOUR).room_id

    assert (stays, changes) == (rooms[1].id, rooms[0].id)


@pytest.mark.slow
def test_a_taken_time_is_refused_and_nothing_changes(app):
    patient, practitioner = somebody(), a_practitioner()
    appointment, taken = book(patient=patient), book(MONDAY + HOUR, practitioner=practitioner)
    book(MONDAY + 2 * HOUR, patient=patient)
    before, was = row_counts(app), place(appointment)

    with pytest.raises(SlotTaken) as refused:
        appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR, practitioner_id=practitioner.id)
    with pytest.raises(PatientBusy):
        appointment_service.reschedule(appointment.id, starts_at=MONDAY + 2 * HOUR, overbook_reason="Urgent")
    with pytest.raises(NotOffered):
        appointment_service.reschedule(appointment.id, starts_at=NOON - timedelta(days=9))
    with pytest.raises(StaleVersion):
        appointment_service.reschedule(appointment.id, starts_at=MONDAY, version=7)
    with pytest.raises(InvalidInput, match="end must be after"):
        appointment_service.reschedule(appointment.id, starts_at=MONDAY, ends_at=MONDAY)

    assert refused.value.conflicts == [taken.id]
    assert (row_counts(app), place(appointment)) == (before, was)


@pytest.mark.parametrize("act", ["arrive", "check_in", "cancel"])
def test_only_what_is_still_to_come_is_moved(act):
    appointment = an_appointment()
    getattr(appointment_service, act)(appointment.id)

    with pytest.raises(IllegalTransition, match="can't be moved") as refused:
        appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR)

    assert refused.value.details.items() >= {"state": appointment.status, "by": "System"}.items()


def test_nothing_of_another_clinic_is_moved_or_given(here, other_clinic):
    with here(other_clinic.id):
        theirs, practitioner, room = an_appointment().id, a_practitioner().id, a_room().id
    ours = an_appointment()

    with pytest.raises(AppointmentNotFound):
        appointment_service.reschedule(theirs, starts_at=MONDAY + HOUR)
    with pytest.raises(AppointmentNotFound):
        appointment_service.undo(theirs)
    changes: list[dict[str, Any]] = [{"practitioner_id": practitioner}, {"room_id": room}]
    for change in changes:
        with pytest.raises(InvalidInput) as refused:
            appointment_service.reschedule(ours.id, starts_at=MONDAY + HOUR, **change)
        assert refused.value.problems.keys() == change.keys()


@pytest.mark.slow
def test_a_move_is_undone_to_exactly_what_was_before(app, clock):
    service = a_service(rooms=[a_room("A"), a_room("B")], buffer_after=10)
    appointment = book(service=service, overbook_reason="Not needed")
    was = place(appointment)
    appointment_service.reschedule(
        appointment.id,
        starts_at=NOON - HOUR,
        ends_at=NOON,
        practitioner_id=a_practitioner("Dr Brandt").id,
        overbook_reason="Came early",
    )

    appointment_service.undo(appointment.id, version=2)

    assert place(appointment) == was
    assert len(stored_events(app, "appointment.rescheduled")) == 2
    last = appointment_service.history(appointment.id)[-1]
    assert (last.action, last.from_status, last.to_status) == ("undo", "booked", "booked")


@pytest.mark.slow
def test_a_move_is_not_undone_onto_a_time_that_was_given_away(clock):
    practitioner = a_practitioner()
    appointment = book(practitioner=practitioner)
    appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR)
    taken = book(practitioner=practitioner)

    with pytest.raises(SlotTaken) as refused:
        appointment_service.undo(appointment.id)

    assert refused.value.conflicts == [taken.id]
    assert appointment_service.get(appointment.id).starts_at == MONDAY + HOUR


def test_a_cancellation_is_undone_within_ten_minutes_if_the_time_is_still_free(app, clock):
    appointment = an_appointment()
    appointment_service.cancel(appointment.id, reason="patient", note="Has a cold")
    clock.shift(timedelta(minutes=10))

    back = appointment_service.undo(appointment.id)

    assert (back.status, back.cancel_reason, back.cancel_note, back.late) == ("booked", None, None, False)
    assert stored_events(app, "appointment.restored") == [{"appointment_id": str(appointment.id)}]
    appointment_service.cancel(appointment.id)
    clock.shift(timedelta(minutes=10, seconds=1))
    with pytest.raises(IllegalTransition, match="too late to undo"):
        appointment_service.undo(appointment.id)


def test_a_cancelled_appointment_is_booked_at_another_time_within_ten_minutes(clock):
    appointment = an_appointment()
    appointment_service.cancel(appointment.id)
    clock.shift(timedelta(minutes=10))

    assert appointment_service.restore(appointment.id, starts_at=MONDAY + HOUR).starts_at == MONDAY + HOUR
    appointment_service.cancel(appointment.id)
    clock.shift(timedelta(minutes=10, seconds=1))
    with pytest.raises(IllegalTransition, match="too late to undo"):
        appointment_service.restore(appointment.id, starts_at=MONDAY)
    assert appointment_service.get(appointment.id).status == "cancelled"


@pytest.mark.slow
def test_a_cancellation_is_not_undone_onto_a_time_that_was_given_away(clock):
    practitioner = a_practitioner()
    appointment = book(practitioner=practitioner)
    appointment_service.cancel(appointment.id)
    book(practitioner=practitioner)

    with pytest.raises(SlotTaken):
        appointment_service.undo(appointment.id)

    assert appointment_service.get(appointment.id).status == "cancelled"


def test_an_undone_booking_was_a_mistake(app, clock):
    appointment = an_appointment()

    appointment_service.undo(appointment.id)

    assert appointment_service.get(appointment.id).status == "entered-in-error"
    assert len(stored_events(app, "appointment.cancelled")) == 1
    with pytest.raises(IllegalTransition):
        appointment_service.undo(appointment.id)


@pytest.mark.slow
def test_undo_goes_back_act_by_act_and_stops_at_the_booking(clock):
    appointment = book(NOON + HOUR)
    appointment_service.reschedule(appointment.id, starts_at=NOON + 2 * HOUR)
    for act in (appointment_service.arrive, appointment_service.check_in, appointment_service.fulfil):
        act(appointment.id)

    seen = []
    for _ in range(5):
        found = appointment_service.undo(appointment.id)
        seen.append((found.status, found.starts_at))

    assert seen == [
        ("checked-in", NOON + 2 * HOUR),
        ("arrived", NOON + 2 * HOUR),
        ("booked", NOON + 2 * HOUR),
        ("booked", NOON + HOUR),
        ("entered-in-error", NOON + HOUR),
    ]


def test_an_old_booking_has_nothing_to_undo(clock):
    appointment = an_appointment()
    clock.shift(timedelta(minutes=11))

    with pytest.raises(IllegalTransition, match="too late"):
        appointment_service.undo(appointment.id)
    with pytest.raises(StaleVersion):
        appointment_service.undo(appointment.id, version=7)


@pytest.mark.slow
def test_an_inactive_room_is_kept_but_not_chosen():
    room, other = a_room("A"), a_room("B")
    appointment = book(room_id=room.id)
    room_service.deactivate(room.id)

    assert appointment_service.reschedule(appointment.id, starts_at=MONDAY + HOUR).room_id == room.id
    with pytest.raises(InvalidInput):
        book(room_id=room.id)
    assert appointment_service.reschedule(appointment.id, starts_at=MONDAY, room_id=other.id).room_id == other.id
