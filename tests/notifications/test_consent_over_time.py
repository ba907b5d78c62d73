"""Nobody without consent is ever reminded, recalled or written to about a missed visit, however time and merges go.

What the patient agrees to is noted here a second time, by purpose, as a person at the desk would; a worker runs every
hour of the clinic's day. `test_consent` does the same for messages about what has just been done.
"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clinic.appointments.service import appointment_service
from clinic.core.clock import today
from clinic.core.db import db
from clinic.core.errors import ClinicError
from clinic.notifications.kinds import KINDS
from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning_job import plan_due
from clinic.patients.service import consent_service, merge_service, recall_service
from tests.assertions import rows
from tests.builders import a_patient, a_practitioner, an_appointment

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.slow]

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday in winter: the clocks of Lisbon show UTC."""

PURPOSES = ("care", "reminders", "recalls")
BY_REGISTRATION = {"care": True, "reminders": True, "recalls": False}
HOURS = (0, 5, 9)
"""At which hours after eight a worker runs each day."""


class Life:
    """A patient, what is done with them, and whether they agree to each purpose."""

    def __init__(self, app, clock):
        self.app, self.clock, self.at = app, clock, MONDAY
        self.practitioner = a_practitioner()
        self.patient = a_patient(email="one@example.org")
        self.agrees = dict(BY_REGISTRATION)
        self.visits, self.seen, self.ids = [], set(), {self.patient.id}

    def do(self, act, amount):
        getattr(self, act)(amount)
        self.work()

    def wait(self, days):
        for _ in range(days):
            for hour in HOURS:
                self.clock.move_to(self.at + timedelta(hours=hour))
                self.work()
            self.at += timedelta(days=1)
            self.clock.move_to(self.at)

    def book(self, days):
        starts_at = self.at.replace(hour=9) + timedelta(days=days, minutes=30 * len(self.visits))
        self.visits.append(an_appointment(self.patient, self.practitioner, starts_at).id)

    def miss(self, _amount):
        for visit in self.visits:
            try:
                appointment_service.mark_no_show(visit)
            except ClinicError:
                continue

    def recall(self, days):
        recall_service.create(
            self.patient.id, due_on=today("Europe/Lisbon") + timedelta(days=days + 7), reason="Check-up"
        )

    def agree(self, number):
        self._answer({PURPOSES[number % 3]: True})

    def refuse(self, number):
        self._answer({PURPOSES[number % 3]: False})

    def withdraw(self, _amount):
        consent_service.withdraw_all(self.patient.id)
        self.agrees = dict.fromkeys(PURPOSES, False)

    def merge(self, number):
        """Merge with a record that refuses a purpose, or says what a registration says; either of the two stays."""
        refused = [*PURPOSES, None][number % 4]
        consent = {(refused, "email"): False} if refused else {}
        other = a_patient(email="other@example.org", consent=consent)
        survivor, merged = (self.patient, other) if number % 2 else (other, self.patient)
        merge_service.merge(survivor.id, merged.id)
        self.patient = survivor
        self.ids.add(survivor.id)
        theirs = BY_REGISTRATION | ({refused: False} if refused else {})
        self.agrees = {one: self.agrees[one] and theirs[one] for one in PURPOSES}

    def work(self):
        """Let a worker run, and look at what has become of messages since the last time."""
        db.session.rollback()  # what the worker has committed meanwhile is seen
        plan_due()
        send_due()
        for row in rows(self.app, "notifications"):
            is_mine = row["patient_id"] in self.ids  # others are of lives before
            if is_mine and row["state"] in {"sent", "suppressed"} and row["id"] not in self.seen:
                self.seen.add(row["id"])
                self._check(row)

    def _check(self, row):
        agrees = self.agrees[KINDS[row["kind"]].purpose]
        if row["state"] == "sent":
            assert agrees, row
        elif (row["reason"] or "").startswith("no consent to"):
            assert not agrees, row

    def _answer(self, answers):
        stored = {(purpose, "email"): answer for purpose, answer in answers.items()}
        consent_service.record(self.patient.id, stored, source="phone")
        self.agrees |= answers


ACTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.sampled_from(["book", "recall"]), st.integers(1, 6)),
    st.tuples(st.sampled_from(["agree", "refuse", "merge"]), st.integers(0, 3)),
    st.tuples(st.sampled_from(["miss", "withdraw"]), st.just(0)),
)
REMINDED = [("agree", 2), ("book", 3), ("recall", 2), ("wait", 5), ("miss", 0), ("wait", 3)]
"""A life in which everything is sent."""


@given(st.lists(ACTS, max_size=8))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@example([("refuse", 1), *REMINDED])
@example([("book", 4), ("withdraw", 0), ("wait", 5), ("miss", 0), ("wait", 2)])
@example([("agree", 2), ("recall", 1), ("book", 4), ("merge", 2), ("wait", 5)])
@example([("book", 4), ("merge", 1), ("wait", 5), ("miss", 0), ("wait", 1)])
@example([("book", 3), ("merge", 0), ("wait", 4), ("miss", 0), ("wait", 2)])
def test_nobody_without_consent_is_reminded_recalled_or_told_of_a_missed_visit(app, mailbox, acts):
    with time_machine.travel(MONDAY, tick=False) as clock:
        life = Life(app, clock)
        for act, amount in [*acts, ("wait", 2)]:
            life.do(act, amount)


def test_who_agrees_to_everything_is_reminded_recalled_and_told_of_a_missed_visit(app, mailbox):
    with time_machine.travel(MONDAY, tick=False) as clock:
        life = Life(app, clock)
        for act, amount in REMINDED:
            life.do(act, amount)

    sent = {row["kind"] for row in rows(app, "notifications") if row["state"] == "sent"}
    assert sent == {"welcome", "confirmation", "reminder", "missed", "recall"}
