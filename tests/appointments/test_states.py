"""The states of an appointment: whatever is done keeps to the table, and leaves one row of history for each move."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from clinic.appointments.rules import STATES, TRANSITIONS, is_allowed
from clinic.appointments.service import (
    IllegalTransition,
    appointment_service,
)
from tests.builders import a_patient, a_practitioner, an_appointment

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
    people = {"patient_id": (patient or a_patient()).id, "practitioner_id": (practitioner or a_practitioner()).id}
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


@pytest.mark.row(77)
def test_whatever_is_done_in_whatever_order_keeps_to_the_table():
    run_state_machine_as_test(
        Life, settings=settings(max_examples=25, stateful_step_count=12, deadline=None, database=None)
    )
