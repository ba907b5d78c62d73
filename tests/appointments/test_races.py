"""Two people at two desks, at the same moment."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from clinic.appointments.service import PatientBusy, SlotTaken, appointment_service, closure_service
from clinic.core.db import db
from tests.appointments.schedule import OVERLAPS, a_room, a_service, book
from tests.assertions import row_counts, stored_events
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]

TIMES = 10


def booking(patient_id, practitioner_id, starts_at, **fields):
    return lambda: appointment_service.create(
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        **fields,
    )


def kinds(outcomes):
    return sorted(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.row(76)
def test_one_of_two_bookings_of_a_slot_wins_every_time(app, at_once):
    patients, practitioner = [somebody().id, somebody().id], a_practitioner().id

    for turn in range(TIMES):
        outcomes = at_once(2, lambda n, turn=turn: booking(patients[n], practitioner, MONDAY + timedelta(hours=turn))())
        assert kinds(outcomes) == ["NoneType", "SlotTaken"]

    assert row_counts(app)["appointments"] == len(stored_events(app, "appointment.scheduled")) == TIMES


@pytest.mark.slow
@pytest.mark.row(76)
def test_one_of_two_bookings_of_a_patient_wins_every_time(app, at_once):
    patient, practitioners = somebody().id, [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")]

    for turn in range(TIMES):
        outcomes = at_once(2, lambda n, turn=turn: booking(patient, practitioners[n], MONDAY + timedelta(hours=turn))())
        assert kinds(outcomes) == ["NoneType", "PatientBusy"]

    assert row_counts(app)["appointments"] == TIMES


@pytest.mark.slow
@pytest.mark.row(76)
def test_bookings_of_the_same_people_crosswise_do_not_lock_each_other_out(app, at_once):
    patients, practitioners = (
        [somebody().id, somebody().id],
        [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")],
    )

    for turn in range(5):
        start = MONDAY + timedelta(hours=turn)
        acts = [booking(one, other, start) for one in patients for other in practitioners]
        outcomes = at_once(4, lambda n, acts=acts: acts[n]())
        assert {type(outcome) for outcome in outcomes} <= {type(None), SlotTaken, PatientBusy}

    assert 5 <= row_counts(app)["appointments"] <= 10


@pytest.mark.slow
@pytest.mark.row(77)
def test_one_of_several_cancellations_wins_and_the_others_learn_that_it_is_done(app, at_once):
    for turn in range(1, 4):
        appointment_id = an_appointment(starts_at=MONDAY + timedelta(hours=turn)).id

        outcomes = at_once(4, lambda _n, it=appointment_id: appointment_service.cancel(it))

        assert kinds(outcomes) == ["AppointmentNotCancellable"] * 3 + ["NoneType"]
        assert len(stored_events(app, "appointment.cancelled")) == turn


@pytest.mark.slow
def test_one_of_several_cancellations_of_a_version_wins_and_the_others_are_stale(at_once):
    appointment_id = an_appointment().id

    outcomes = at_once(4, lambda _n: appointment_service.cancel(appointment_id, version=1))

    assert kinds(outcomes) == ["NoneType", "StaleVersion", "StaleVersion", "StaleVersion"]


def no_overlaps(app):
    """Return whether no two active rows share a practitioner, a place of a room or a patient, in SQL."""
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(text(OVERLAPS)).scalar_one() == 0


@pytest.mark.slow
@pytest.mark.row(76)
def test_bookings_moves_and_undoing_at_once_never_overlap_and_never_fail_otherwise(app, at_once):
    """Everybody wants the same two places of one room at the same hour, in every possible way."""
    service_id = a_service(rooms=[a_room(places=2)]).id
    practitioners = [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt", "Dr Silva")]
    patients = [somebody().id for _ in range(6)]

    for turn in range(4):
        hour = MONDAY + timedelta(hours=3 * turn)
        later = [
            book(hour + timedelta(hours=1), practitioner_id=practitioners[n], patient_id=patients[n]).id for n in (0, 1)
        ]
        cancelled = book(hour, practitioner_id=practitioners[2], patient_id=patients[2], service_id=service_id).id
        appointment_service.cancel(cancelled)
        acts = [
            lambda h=hour: booking(patients[3], practitioners[0], h, service_id=service_id)(),
            lambda h=hour: booking(patients[4], practitioners[1], h, service_id=service_id)(),
            lambda one=later[0], h=hour: appointment_service.reschedule(one, starts_at=h, service_id=service_id),
            lambda one=later[1], h=hour: appointment_service.reschedule(one, starts_at=h, service_id=service_id),
            lambda one=cancelled: appointment_service.undo(one),
            lambda h=hour: booking(patients[5], practitioners[2], h)(),
        ]
        outcomes = at_once(len(acts), lambda n, acts=acts: acts[n]())

        assert {type(outcome) for outcome in outcomes} <= {type(None), SlotTaken, PatientBusy}
        assert no_overlaps(app)
        there = appointment_service.list(since=hour, before=hour + timedelta(minutes=1)).rows
        assert {one.place for one in there if one.is_active} <= {0, 1, None}


@pytest.mark.slow
@pytest.mark.row(76)
def test_moving_crosswise_does_not_lock_each_other_out(app, at_once):
    practitioners = [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")]
    for turn in range(5):
        hour = MONDAY + timedelta(hours=2 * turn)
        first, second = (book(hour, practitioner_id=one).id for one in practitioners)
        moves = [(first, practitioners[1]), (second, practitioners[0])]

        outcomes = at_once(
            2,
            lambda n, moves=moves, hour=hour: appointment_service.reschedule(
                moves[n][0], starts_at=hour + timedelta(minutes=15), practitioner_id=moves[n][1]
            ),
        )

        assert {type(outcome) for outcome in outcomes} <= {type(None), SlotTaken}
        assert no_overlaps(app)


@pytest.mark.slow
@pytest.mark.row(76)
def test_a_closure_that_moves_appointments_and_bookings_crosswise_do_not_lock_each_other_out(app, at_once):
    service_ids = [a_service(name, rooms=[a_room(f"Room of {name}")]).id for name in ("Check", "Vaccination")]
    practitioners = [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")]
    patients = [somebody().id for _ in range(2)]

    def places(day, other=0):
        """Return eight half hours of a day, each with a practitioner and the own or the other's service."""
        for turn in range(8):
            starts_at, n = MONDAY + timedelta(days=day, minutes=30 * turn), turn % 2
            yield starts_at, practitioners[n], service_ids[(n + other) % 2]

    booked = [
        book(at, practitioner_id=one, service_id=service_id, patient_id=patients[turn % 2])
        for turn, (at, one, service_id) in enumerate(places(0))
    ]
    choices = {one.id: one.starts_at + timedelta(days=1) for one in booked}
    first = MONDAY.date()

    def close(_n):
        closure_service.create(name="Drill", first_day=first, last_day=first, choices=choices)

    def book_crosswise(n):
        for turn, (at, one, service_id) in enumerate(places(1 + n, other=1)):
            booking(patients[(turn + 1) % 2], one, at, service_id=service_id)()

    outcomes = at_once(4, lambda n: book_crosswise(n) if n else close(n))

    assert {type(outcome) for outcome in outcomes} == {type(None)}
    assert no_overlaps(app)


def test_one_of_several_acts_on_an_appointment_wins_and_leaves_one_row_of_history(at_once):
    appointment_id = an_appointment().id
    acts = (appointment_service.arrive, appointment_service.cancel, appointment_service.undo)

    outcomes = at_once(6, lambda n: acts[n % 3](appointment_id))

    done = [outcome for outcome in outcomes if outcome is None]
    assert len(appointment_service.history(appointment_id)) == 1 + len(done)
    assert {type(outcome).__name__ for outcome in outcomes} <= {
        "NoneType",
        "IllegalTransition",
        "AppointmentNotCancellable",
        "StaleVersion",
    }
