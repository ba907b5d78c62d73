"""Whatever happens to a visit, in any order and at any speed: the patient is written the truth, once, and no more.

What a patient knows is read from the calendar files in the mails. Acts follow each other within the time that messages
wait, or later; whenever all is quiet, the patient must know the present state, from at most one more mail.
`CLINIC_TEST_EXAMPLES=60 pytest -n 0 -m slow tests/notifications/test_visit_messages.py` runs more examples.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from clinic.appointments.service import appointment_service
from clinic.core.errors import ClinicError
from clinic.notifications.checks import AHEAD_STATES, CANCELLED_STATES
from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from tests.assertions import rows
from tests.builders import a_practitioner, an_appointment, somebody

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.slow]

EXAMPLES = int(os.environ.get("CLINIC_TEST_EXAMPLES", "12"))
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
GRACE = timedelta(minutes=1)

ACTS = st.tuples(
    st.sampled_from(["move", "move back", "cancel", "undo", "undo", "arrive", "no-show"]),
    st.sampled_from([1, 10, 40, 55, 61, 90, 600]),
)
"""Something that is done, and how many seconds pass then."""


class Visit:
    """A visit, what is done to it, and what its patient knows from the mails."""

    def __init__(self, clock, mailbox):
        self.clock, self.mailbox = clock, mailbox
        self.times = [MORNING + timedelta(days=3, hours=hours) for hours in (0, 1, 2)]
        self.id = an_appointment(somebody(), a_practitioner(), self.times[0]).id
        self.known, self.sequence, self.burst, self.quiet = None, 0, ["book"], 0

    @property
    def state(self):
        """Return what the patient should know: the start, "cancelled", or None once the visit is over."""
        visit = appointment_service.get(self.id)
        if visit.status in CANCELLED_STATES:
            return "cancelled"
        return visit.starts_at if visit.status in AHEAD_STATES else None

    def do(self, act, seconds):
        """Do something, if it is possible, and let time pass."""
        before = list(self.times)
        try:
            self.change(act)
        except ClinicError:
            self.times = before
        else:
            self.burst += [act] if act != "wait" else []
            self.quiet = 0
        send_due()
        self.clock.shift(timedelta(seconds=seconds))
        plan_due()
        send_due()
        self.quiet += seconds  # what was refused changes nothing
        if self.quiet > GRACE.total_seconds():
            self.check_burst()

    def change(self, act):
        if act == "move":
            self.times.append(self.times.pop(0))
            appointment_service.reschedule(self.id, starts_at=self.times[0])
        elif act == "move back":
            self.times.insert(0, self.times.pop())
            appointment_service.reschedule(self.id, starts_at=self.times[0])
        elif act == "cancel":
            appointment_service.cancel(self.id)
        elif act == "undo":
            appointment_service.undo(self.id)
        elif act == "arrive":
            appointment_service.arrive(self.id)
        elif act == "no-show":
            appointment_service.mark_no_show(self.id)

    def check_burst(self):
        """Check the mails about what was done since it was quiet the last time."""
        new = self.read_mails()
        burst, self.burst, state = self.burst, [], self.state
        assert len(new) <= 1, burst
        if burst in (["move", "undo"], ["move back", "undo"], ["cancel", "undo"], ["book", "undo"], []):
            assert new == [], burst
        if state is None:
            assert new == [], burst
            self.known = appointment_service.get(self.id).starts_at  # the patient was there, or called
        elif {"arrive", "no-show"} & set(burst):
            assert new in ([], [state]), burst  # nobody is told of what was done while they were there
            self.known = state
        elif new:
            assert new == [state], burst
            self.known = state
        else:
            assert self.known == state or (self.known is None and state == "cancelled"), burst

    def read_mails(self):
        """Return what the new mails say, and check their calendar files."""
        found = []
        for message in self.mailbox.messages:
            for part in message.walk():
                if part.get_content_type() != "text/calendar":
                    continue
                calendar = Calendar.from_ical(part.get_content())
                [event] = calendar.walk("VEVENT")
                assert event["uid"] == str(self.id)
                before, self.sequence = self.sequence, event.decoded("sequence")
                assert self.sequence > before
                is_cancelled = calendar["method"] == "CANCEL"
                found.append("cancelled" if is_cancelled else event.decoded("dtstart").astimezone(UTC))
        self.mailbox.messages.clear()
        return found


@given(st.lists(ACTS, min_size=1, max_size=8))
@example([("move", 10), ("no-show", 55), ("move", 1)])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_patient_knows_the_state_of_the_visit_from_as_few_mails_as_possible(app, mailbox, acts):
    with time_machine.travel(MORNING, tick=False) as clock:
        settings_service.update(version=None, grace_seconds=int(GRACE.total_seconds()), reminder_offsets=[])
        for row in rows(app, "notifications"):
            assert row["state"] != "queued"
        mailbox.messages.clear()
        visit = Visit(clock, mailbox)
        for act, seconds in acts:
            visit.do(act, seconds)
        visit.do("wait", 600)
