"""The states of an appointment: whatever is done keeps to the table, and leaves one row of history for each move."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from clinic.appointments.rules import STATES, TRANSITIONS, is_allowed
from clinic.appointments.service import (
    AppointmentNotCancellable,
    IllegalTransition,
    SlotTaken,
    appointment_service,
)
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from tests.assertions import row_counts, stored_events
from tests.builders import a_practitioner, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
ACTS = {
    "arrive": appointment_service.arrive,
    "check-in": appointment_service.check_in,
    "fulfil": appointment_service.fulfil,
    "no-show": appointment_service.mark_no_show,
    "cancel": appointment_service.cancel,
    "undo": appointment_service.undo,
    "reschedule": lambda an_id: appointment_service.reschedule(
        an_id, starts_at=appointment_service.get(an_id).starts_at + timedelta(minutes=5), overbook_reason="Moved"
    ),
}
DOMAIN_TABLE = {
    None: {"pending", "waitlist", "booked", "arrived", "fulfilled"},
    "pending": {"booked", "cancelled", "pending"},
    "waitlist": {"pending", "booked", "cancelled"},
    "booked": {"arrived", "checked-in", "cancelled", "noshow", "booked"},
    "arrived": {"checked-in", "cancelled", "booked"},
    "checked-in": {"fulfilled", "arrived"},
    "noshow": {"arrived", "booked"},
    "cancelled": {"booked"},
    "fulfilled": {"checked-in"},
    "entered-in-error": set(),
}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def appointment(clock):
    """An appointment an hour ago that is still booked."""
    return an_appointment(starts_at=NOON - timedelta(hours=1))


def actions(appointment):
    return [(move.action, move.from_status, move.to_status) for move in appointment_service.history(appointment.id)]


def fields(patient=None, practitioner=None, starts_at=NOON):
    people = {"patient_id": (patient or somebody()).id, "practitioner_id": (practitioner or a_practitioner()).id}
    return {**people, "starts_at": starts_at, "ends_at": starts_at + HALF_AN_HOUR}


@pytest.mark.row(77)
def test_the_table_is_the_one_of_the_domain_with_mistakes_from_everywhere():
    for state, possible in DOMAIN_TABLE.items():
        mistake = {"entered-in-error"} if state not in {None, "entered-in-error"} else set()
        assert set(TRANSITIONS[state]) == possible | mistake, state


class Life(RuleBasedStateMachine):
    """An appointment to which anything is done at any time."""

    @initialize(new=st.sampled_from(["create", "walk_in", "record_past"]))
    def begin(self, new):
        self.clock = time_machine.travel(NOON, tick=False)
        self.traveller = self.clock.start()
        start = {"create": NOON + HALF_AN_HOUR}.get(new, NOON)
        self.id = getattr(appointment_service, new)(**fields(starts_at=start)).id
        self.moves, self.status = 1, appointment_service.get(self.id).status

    @rule(act=st.sampled_from(sorted(ACTS)))
    def act(self, act):
        version = appointment_service.get(self.id).version
        try:
            ACTS[act](self.id)
        except IllegalTransition:
            assert appointment_service.get(self.id).version == version
        else:
            self.moves += 1
        history, appointment = appointment_service.history(self.id), appointment_service.get(self.id)
        assert len(history) == self.moves
        assert (history[-1].to_status, appointment.status in STATES) == (appointment.status, True)
        if appointment.status != self.status:
            assert is_allowed(self.status, appointment.status, act)
            assert (history[-1].from_status, history[-1].action) == (self.status, act)
        self.status = appointment.status

    @rule(minutes=st.sampled_from([1, 9, 11, 120]))
    def wait(self, minutes):
        self.traveller.shift(timedelta(minutes=minutes))

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()


@pytest.mark.slow
@pytest.mark.row(77)
def test_whatever_is_done_in_whatever_order_keeps_to_the_table(pytestconfig):
    examples = 25 if pytestconfig.getoption("full") else 5
    run_state_machine_as_test(
        Life, settings=settings(max_examples=examples, stateful_step_count=12, deadline=None, database=None)
    )


@pytest.mark.slow
def test_each_move_is_recorded_with_its_time_and_person_and_published(app, appointment, clock):
    ids = [{"appointment_id": str(appointment.id)}]
    for act in (appointment_service.arrive, appointment_service.check_in, appointment_service.fulfil):
        clock.shift(timedelta(minutes=5))
        act(appointment.id)

    assert actions(appointment) == [
        ("book", None, "booked"),
        ("arrive", "booked", "arrived"),
        ("check-in", "arrived", "checked-in"),
        ("fulfil", "checked-in", "fulfilled"),
    ]
    history = appointment_service.history(appointment.id)
    assert [move.happened_at - NOON for move in history] == [timedelta(minutes=5 * n) for n in range(4)]
    assert {move.actor for move in history} == {"system"}
    assert stored_events(app, "appointment.arrived") == stored_events(app, "appointment.fulfilled") == ids


@pytest.mark.slow
def test_a_missing_patient_may_come_after_all_unless_the_time_was_given_away(app, clock):
    appointment = an_appointment(starts_at=NOON + HALF_AN_HOUR)
    clock.shift(timedelta(hours=1))
    appointment_service.mark_no_show(appointment.id)
    assert stored_events(app, "appointment.missed") == [{"appointment_id": str(appointment.id)}]

    taken = appointment_service.record_past(
        **fields(starts_at=appointment.starts_at) | {"practitioner_id": appointment.practitioner_id}
    )
    with pytest.raises(SlotTaken) as refused:
        appointment_service.arrive(appointment.id)
    assert refused.value.conflicts == [taken.id]
    appointment_service.undo(taken.id)

    assert appointment_service.arrive(appointment.id).status == "arrived"


def test_nobody_is_missed_before_the_start():
    appointment = an_appointment()

    with pytest.raises(IllegalTransition, match="before it starts"):
        appointment_service.mark_no_show(appointment.id)

    assert appointment_service.get(appointment.id).status == "booked"


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(77)
@pytest.mark.parametrize("act", sorted(set(ACTS) - {"undo"}))
def test_an_act_that_the_table_does_not_have_is_a_conflict_that_names_who_changed_it(clock, act):
    for number, status in enumerate(STATES, 1):
        appointment = an_appointment(starts_at=NOON - timedelta(hours=number))
        with unit_of_work():
            appointment_service.get(appointment.id).status = status
        targets = [to for to, action in TRANSITIONS[status].items() if action == act]

        if not targets:
            with pytest.raises(IllegalTransition) as refused:
                ACTS[act](appointment.id)
            assert refused.value.details == {"state": status, "by": "System", "at": "2026-12-01T12:00:00Z"}
        else:
            ACTS[act](appointment.id)

        assert [appointment_service.get(appointment.id).status] == (targets or [status])


@pytest.mark.slow
def test_cancelling_too_late_is_marked_by_the_clinics_rule(clock):
    hours = {23: True, 24: False}

    for ahead, late in hours.items():
        appointment = an_appointment(starts_at=NOON + timedelta(hours=ahead))
        assert appointment_service.cancel(appointment.id, reason="patient").late is late
    phoned = an_appointment(starts_at=NOON + timedelta(hours=24))
    clock.shift(timedelta(hours=2))
    assert appointment_service.cancel(phoned.id, happened_at=NOON).late is False


def test_the_time_of_a_move_can_be_set_between_the_previous_one_and_now(appointment, clock):
    clock.shift(timedelta(minutes=30))

    for wrong in (NOON - timedelta(seconds=1), NOON + timedelta(minutes=31)):
        with pytest.raises(InvalidInput) as refused:
            appointment_service.arrive(appointment.id, happened_at=wrong)
        assert list(refused.value.problems) == ["happened_at"]
    appointment_service.arrive(appointment.id, happened_at=NOON + timedelta(minutes=10))

    last = appointment_service.history(appointment.id)[-1]
    assert (last.happened_at, last.recorded_at) == (NOON + timedelta(minutes=10), NOON + timedelta(minutes=30))


def test_a_walk_in_arrives_today_and_is_not_confirmed(app, clock):
    walk_in = appointment_service.walk_in(**fields(starts_at=NOON - timedelta(minutes=5)), reason="Toothache")

    assert (walk_in.status, walk_in.reason, walk_in.overbook_reason) == ("arrived", "Toothache", None)
    assert actions(walk_in) == [("walk-in", None, "arrived")]
    assert stored_events(app, "appointment.scheduled") == []
    assert len(stored_events(app, "appointment.arrived")) == 1
    with pytest.raises(InvalidInput):
        appointment_service.walk_in(**fields(starts_at=NOON + timedelta(days=1)))


def test_a_past_visit_is_recorded_as_done_and_nobody_is_told(app, clock):
    past = appointment_service.record_past(**fields(starts_at=NOON - timedelta(days=2)))

    assert (past.status, past.overbook_reason) == ("fulfilled", None)
    assert actions(past) == [("record", None, "fulfilled")]
    assert row_counts(app)["events"] == len(stored_events(app, "patient.created"))
    with pytest.raises(InvalidInput):
        appointment_service.record_past(**fields(starts_at=NOON + timedelta(minutes=1)))


def test_reason_and_note_are_changed_without_a_row_of_history():
    appointment = an_appointment()

    appointment_service.update(appointment.id, version=1, reason="Pain", note="Needs a lift")
    appointment_service.update(appointment.id, note=None)

    found = appointment_service.get(appointment.id)
    assert (found.reason, found.note, found.version) == ("Pain", None, 3)
    assert len(appointment_service.history(appointment.id)) == 1
    with pytest.raises(StaleVersion):
        appointment_service.update(appointment.id, version=1, note="Old")


@pytest.mark.slow
def test_one_that_was_cancelled_is_not_cancelled_again():
    appointment = an_appointment()
    appointment_service.cancel(appointment.id)

    with pytest.raises(AppointmentNotCancellable, match="This appointment is cancelled: it can't be cancelled"):
        appointment_service.cancel(appointment.id)
