"""Nobody without consent is ever written to: asked of each message when it is sent, whatever happened before."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.notifications.kinds import KINDS
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.models import Notification
from clinic.notifications.relevance import explain
from clinic.notifications.service import notification_service
from clinic.patients.service import ConsentNotUndoable, consent_service, merge_service
from tests.assertions import rows
from tests.billing.invoices import an_invoice, euros
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.databases import on_one_database

pytestmark = pytest.mark.usefixtures("inside")

CARE = ("care", "email")
WITHDRAWN = "no consent to care messages by email: withdrawn"
REFUSED = "no consent to care messages by email: refused"


def outcomes(app):
    return [(row["kind"], row["state"], row["reason"]) for row in rows(app, "notifications")]


def agree(patient, agrees):
    consent_service.record(patient.id, {CARE: agrees}, source="in-person")


def test_every_kind_of_message_has_a_purpose():
    assert {name: kind.purpose for name, kind in KINDS.items() if kind.purpose != "care"} == {
        "reminder": "reminders",
        "recall": "recalls",
    }


def test_a_registration_alone_allows_care_messages_by_email_and_by_nothing_else():
    patient = a_patient()

    assert explain("welcome", patient.id, channel="email").stopped is None
    for channel in ("sms", "phone", "post"):
        stopped = explain("welcome", patient.id, channel=channel).stopped
        assert stopped
        assert str(stopped.reason).endswith(": not asked")


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_patient_who_refuses_when_registering_is_not_welcomed(app, mailbox):
    a_patient(consent={CARE: False})

    send_due()

    assert outcomes(app) == [("welcome", "suppressed", REFUSED)]
    assert mailbox.messages == []


@pytest.mark.slow
def test_a_withdrawal_stops_every_message_that_waits(app, mailbox):
    patient = a_patient()
    appointment = an_appointment(patient)
    appointment_service.reschedule(
        appointment.id, starts_at=appointment.starts_at + timedelta(days=1), overbook_reason="Moved"
    )
    billing_service.record_payment(an_invoice(patient).id, amount=euros(5000), method="cash")
    consent_service.withdraw_all(patient.id)

    send_due()

    kinds = {kind for kind, state, reason in outcomes(app) if (state, reason) == ("suppressed", WITHDRAWN)}
    assert kinds == {"welcome", "confirmation", "receipt"}
    assert {state for _, state, _ in outcomes(app)} == {"suppressed"}
    assert mailbox.messages == []


def test_withdrawing_other_purposes_and_channels_stops_no_care_message(app, mailbox):
    patient = a_patient()
    refused = {("reminders", "email"): False, ("news", "email"): False, ("care", "sms"): False}
    consent_service.record(patient.id, refused, source="phone")

    send_due()

    assert outcomes(app) == [("welcome", "sent", None)]


def test_an_agreement_to_other_purposes_and_channels_allows_no_care_message(app, mailbox):
    given_to_others = {("reminders", "email"): True, ("news", "email"): True, ("care", "sms"): True}
    a_patient(consent=given_to_others | {CARE: False})

    send_due()

    assert outcomes(app) == [("welcome", "suppressed", REFUSED)]


def test_consent_that_is_given_again_before_sending_allows_the_message(app, mailbox):
    patient = a_patient(consent={CARE: False})
    agree(patient, True)

    send_due()

    assert outcomes(app) == [("welcome", "sent", None)]


def test_a_message_that_was_suppressed_is_not_sent_when_consent_comes_later(app, mailbox):
    patient = a_patient(consent={CARE: False})
    send_due()
    agree(patient, True)

    send_due()

    assert outcomes(app) == [("welcome", "suppressed", REFUSED)]


def test_a_failed_message_that_is_sent_again_asks_again(app, mailbox):
    mailbox.answers["RCPT"] = "550 No"
    patient = a_patient()
    send_due()
    mailbox.answers.clear()
    consent_service.withdraw_all(patient.id)

    notification_service.retry_all()
    send_due()

    assert outcomes(app) == [("welcome", "suppressed", WITHDRAWN)]
    assert mailbox.messages == []


class Desk:
    """A patient unlike those before, what is done with them, and what they agree to as a person would note it."""

    def __init__(self, app, mailbox, number, consent):
        self.app, self.mailbox = app, mailbox
        self.practitioner = a_practitioner()
        self.days = count(1)
        self.address = f"patient-{number}@example.org"
        self.names = {"family_name": uuid4().hex, "birth_date": f"{1900 + number % 100}-01-{1 + number % 28:02}"}
        self.patient = self._register({CARE: consent} if consent is not None else {})
        self.agrees = consent is not False
        self.before = []
        self.appointments = []
        self.merged = set()

    def book(self):
        day = datetime(2030, 1, 1, 9, tzinfo=UTC) + timedelta(days=next(self.days))
        self.appointments.append(an_appointment(self.patient, self.practitioner, day))

    def move(self):
        if self.appointments:
            day = datetime(2031, 1, 1, 9, tzinfo=UTC) + timedelta(days=next(self.days))
            appointment_service.reschedule(self.appointments[-1].id, starts_at=day, overbook_reason="Moved")

    def cancel(self):
        if self.appointments:
            appointment_service.cancel(self.appointments.pop().id)

    def withdraw(self):
        changes = any(one.state not in {"no", "withdrawn"} for one in consent_service.get(self.patient.id).answers)
        self._answer(lambda: consent_service.withdraw_all(self.patient.id), False, changes)

    def refuse(self):
        self._answer(lambda: agree(self.patient, False), False, self._state() not in {"no", "withdrawn"})

    def agree(self):
        self._answer(lambda: agree(self.patient, True), True, self._state() != "yes")

    def answer_otherwise(self):
        state = consent_service.state(self.patient.id, "news", "email")
        answer = {("news", "email"): state.state != "yes"}
        self._answer(lambda: consent_service.record(self.patient.id, answer, source="phone"), self.agrees, True)

    def undo(self):
        try:
            consent_service.undo(self.patient.id)
        except ConsentNotUndoable:
            assert not self.before
        else:
            self.agrees, self.before = self.before[-1], [*self.before, self.agrees]

    def merge_one_who_refused(self):
        self._merge({CARE: False}, False)

    def merge_one_who_agreed(self):
        self._merge({CARE: True}, True)

    def merge_into_one_who_refused(self):
        self._merge({CARE: False}, False, stays=False)

    def merge_into_one_who_was_not_asked(self):
        self._merge({}, True, stays=False)

    def _merge(self, consent, agrees, *, stays=True):
        other = self._register(consent)
        survivor, merged = (self.patient, other) if stays else (other, self.patient)
        merge_service.merge(survivor.id, merged.id)
        self.patient, self.before, self.agrees = survivor, [], self.agrees and agrees
        self.merged.add(merged.id)

    def send(self):
        reached = self._reached()
        waiting = self._waiting(self.merged)
        send_due()
        assert self._waiting() == 0
        assert self.agrees or self._reached() == reached
        assert not self.agrees or not waiting or self._reached() > reached

    def send_while_the_patient_withdraws(self):
        reached = self._reached()
        record_handover = notification_queue.record_handover

        def withdraw_first(row, mail):
            self.withdraw()
            record_handover(row, mail)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(notification_queue, "record_handover", withdraw_first)
            send_due()
        assert self._reached() == reached

    def _register(self, consent):
        return a_patient(email=self.address, consent=consent, **self.names)

    def _answer(self, act, agrees, changes):
        act()
        if changes:
            self.before, self.agrees = [*self.before, self.agrees], agrees

    def _state(self):
        return consent_service.state(self.patient.id, *CARE).state

    def _reached(self):
        return self.mailbox.recipients.count(self.address)

    def _waiting(self, but_about=()):
        db.session.rollback()  # what was committed meanwhile is seen
        queued = db.session.scalars(select(Notification.about_id).where(Notification.state == "queued"))
        return sum(about_id not in but_about for about_id in queued)


ACTS = (
    "book",
    "move",
    "cancel",
    "withdraw",
    "refuse",
    "agree",
    "answer_otherwise",
    "undo",
    "merge_one_who_refused",
    "merge_one_who_agreed",
    "merge_into_one_who_refused",
    "merge_into_one_who_was_not_asked",
    "send",
    "send_while_the_patient_withdraws",
)
lives = given(st.sampled_from([None, True, False]), st.lists(st.sampled_from(ACTS), max_size=12))
numbers = count(1)


def live(app, mailbox, consent, acts):
    """Do one thing after another, and send what waits at the end."""
    desk = Desk(app, mailbox, next(numbers), consent)
    for act in (*acts, "send"):
        db.session.rollback()  # what the worker has committed meanwhile is seen
        getattr(desk, act)()


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@example(None, ["withdraw", "undo", "withdraw", "book"])
@example(False, ["book", "agree", "send_while_the_patient_withdraws", "cancel"])
@example(None, ["book", "merge_one_who_refused", "book", "undo"])
@example(False, ["merge_one_who_agreed", "answer_otherwise", "answer_otherwise", "agree", "undo", "book"])
@example(True, ["book", "merge_into_one_who_refused", "move", "undo", "agree", "book"])
@example(False, ["merge_into_one_who_was_not_asked", "undo", "book"])
@lives
def test_nobody_without_consent_is_ever_written_to_and_everybody_else_is(app, mailbox, consent, acts):
    live(app, mailbox, consent, acts)


@on_one_database
@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@lives
def test_nobody_without_consent_is_written_to_in_many_more_lives(app, mailbox, consent, acts):
    live(app, mailbox, consent, acts)
