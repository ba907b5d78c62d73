"""Whatever happens to a visit, in any order and at any speed: what was sent is what the rules say.

The rules are written down a second time here, as a small oracle that knows only when the visit was booked, moved,
cancelled, restored and missed, and that looks at the clock once an hour.
`CLINIC_TEST_EXAMPLES=60 pytest -n 0 -m slow tests/notifications/test_planning_machine.py` runs more examples.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.appointments.service import appointment_service
from clinic.core.errors import ClinicError
from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from tests.assertions import rows
from tests.builders import a_practitioner, an_appointment, somebody

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.slow]

EXAMPLES = int(os.environ.get("CLINIC_TEST_EXAMPLES", "12"))
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday in winter: the clocks of Lisbon show UTC."""

OFFSETS = (timedelta(days=2), timedelta(hours=3))
TICK = timedelta(hours=1)

ACTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("move"), st.integers(1, 300)),
    st.tuples(st.sampled_from(["cancel", "undo", "arrive", "no-show"]), st.just(0)),
)


@dataclass
class Oracle:
    """What the rules say: the starts and offsets of the reminders that are sent, and of the missed visits."""

    starts_at: datetime
    since: datetime
    status: str = "booked"
    sent: set[tuple[datetime, timedelta]] = field(default_factory=set)
    missed: set[datetime] = field(default_factory=set)

    def due(self, offset: timedelta) -> datetime:
        """Return when a reminder is due: not from 21 to 8, but an hour before that if the morning is too late."""
        due = self.starts_at - offset
        if 8 <= due.hour < 21:
            return due
        night = due if due.hour >= 21 else due - timedelta(days=1)
        morning = (night + timedelta(days=1)).replace(hour=8, minute=0)
        return morning if morning <= self.starts_at - timedelta(hours=1) else night.replace(hour=20, minute=0)

    def tick(self, at: datetime) -> None:
        """Send what is due."""
        if not 8 <= at.hour < 21:
            return
        if self.status == "booked" and at < self.starts_at:
            planned = [one for one in OFFSETS if self.starts_at - one > self.since and self.due(one) > self.since]
            due = [one for one in planned if self.due(one) <= at and (self.starts_at, one) not in self.sent]
            later = any((self.starts_at, one) in self.sent for one in OFFSETS[1:])
            if due and not later:
                self.sent.add((self.starts_at, min(due)))
        if self.status == "noshow" and at - self.starts_at <= timedelta(days=7):
            self.missed.add(self.starts_at)


class Visit:
    """A visit, what is done to it, and the oracle that is told of it."""

    def __init__(self, clock, hour):
        self.clock, self.at = clock, MONDAY
        starts_at = MONDAY + timedelta(days=4, hours=hour)
        self.id = an_appointment(somebody(), a_practitioner(), starts_at).id
        self.oracle = Oracle(starts_at, MONDAY)

    def do(self, act, amount):
        """Do something, if it is possible."""
        if act == "wait":
            for _ in range(amount):
                self.work()
                self.at += TICK
                self.clock.move_to(self.at)
        else:
            try:
                self.change(act, amount)
            except ClinicError:
                return
            self.follow()
        self.work()

    def change(self, act, amount):
        if act == "move":
            starts_at = self.at.replace(minute=0) + timedelta(hours=amount)
            appointment_service.reschedule(self.id, starts_at=starts_at, overbook_reason="Moved")
        elif act == "cancel":
            appointment_service.cancel(self.id)
        elif act == "undo":
            appointment_service.undo(self.id)
        elif act == "arrive":
            appointment_service.arrive(self.id)
        else:
            appointment_service.mark_no_show(self.id)

    def follow(self):
        """Tell the oracle what has become of the visit."""
        now, oracle = appointment_service.get(self.id), self.oracle
        if now.starts_at != oracle.starts_at or (oracle.status != "booked" and now.status == "booked"):
            oracle.since = self.at
        oracle.starts_at, oracle.status = now.starts_at, now.status

    def work(self):
        """Let a worker run."""
        plan_due()
        send_due()
        self.oracle.tick(self.at)


def found(app, kind, about_id):
    sent = [row for row in rows(app, "notifications") if (row["kind"], row["about_id"]) == (kind, about_id)]
    return [row for row in sent if row["state"] == "sent"]


@given(st.integers(0, 23), st.lists(ACTS, min_size=1, max_size=6))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_sent_is_what_the_rules_say(app, mailbox, hour, acts):
    with time_machine.travel(MONDAY, tick=False) as clock:
        version = settings_service.get().version
        settings_service.update(version=version, reminder_offsets=[2880, 180])
        visit = Visit(clock, hour)
        for act, amount in acts:
            visit.do(act, amount)

    reminders = found(app, "reminder", visit.id)
    sent = [(row["about_at"], timedelta(minutes=row["offset_minutes"])) for row in reminders]
    assert sorted(sent) == sorted(visit.oracle.sent)
    assert all(row["sent_at"] < row["about_at"] for row in reminders)
    assert sorted(row["about_at"] for row in found(app, "missed", visit.id)) == sorted(visit.oracle.missed)
