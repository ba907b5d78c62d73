"""Two people at two desks, at the same moment."""

from datetime import timedelta

import pytest

from clinic.appointments.service import PatientBusy, SlotTaken, appointment_service
from tests.assertions import row_counts, stored_events
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]

TIMES = 10


def booking(patient_id, practitioner_id, starts_at):
    return lambda: appointment_service.create(
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )


def kinds(outcomes):
    return sorted(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.row(76)
def test_one_of_two_bookings_of_a_slot_wins_every_time(app, at_once):
    patients, practitioner = [a_patient().id, a_patient().id], a_practitioner().id

    for turn in range(TIMES):
        outcomes = at_once(2, lambda n, turn=turn: booking(patients[n], practitioner, MONDAY + timedelta(hours=turn))())
        assert kinds(outcomes) == ["NoneType", "SlotTaken"]

    assert row_counts(app)["appointments"] == len(stored_events(app, "appointment.scheduled")) == TIMES


@pytest.mark.row(76)
def test_one_of_two_bookings_of_a_patient_wins_every_time(app, at_once):
    patient, practitioners = a_patient().id, [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")]

    for turn in range(TIMES):
        outcomes = at_once(2, lambda n, turn=turn: booking(patient, practitioners[n], MONDAY + timedelta(hours=turn))())
        assert kinds(outcomes) == ["NoneType", "PatientBusy"]

    assert row_counts(app)["appointments"] == TIMES


@pytest.mark.row(76)
def test_bookings_of_the_same_people_crosswise_do_not_lock_each_other_out(app, at_once):
    patients, practitioners = (
        [a_patient().id, a_patient().id],
        [a_practitioner(name).id for name in ("Dr Okafor", "Dr Brandt")],
    )

    for turn in range(5):
        start = MONDAY + timedelta(hours=turn)
        acts = [booking(one, other, start) for one in patients for other in practitioners]
        outcomes = at_once(4, lambda n, acts=acts: acts[n]())
        assert {type(outcome) for outcome in outcomes} <= {type(None), SlotTaken, PatientBusy}

    assert 5 <= row_counts(app)["appointments"] <= 10


@pytest.mark.row(77)
def test_one_of_several_cancellations_wins_and_the_others_learn_that_it_is_done(app, at_once):
    for turn in range(1, 4):
        appointment_id = an_appointment(starts_at=MONDAY + timedelta(hours=turn)).id

        outcomes = at_once(4, lambda _n, it=appointment_id: appointment_service.cancel(it))

        assert kinds(outcomes) == ["AppointmentNotCancellable"] * 3 + ["NoneType"]
        assert len(stored_events(app, "appointment.cancelled")) == turn


def test_one_of_several_cancellations_of_a_version_wins_and_the_others_are_stale(at_once):
    appointment_id = an_appointment().id

    outcomes = at_once(4, lambda _n: appointment_service.cancel(appointment_id, version=1))

    assert kinds(outcomes) == ["NoneType", "StaleVersion", "StaleVersion", "StaleVersion"]
