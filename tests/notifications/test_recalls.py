"""A patient who agreed to it is written to once about a recall, in time before its day."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning_job import plan_due
from clinic.patients.service import consent_service, recall_service
from tests.assertions import rows
from tests.builders import a_patient

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DUE = date(2026, 3, 20)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def recall(clock):
    """The recall of a patient who agreed to such messages by email."""
    patient = a_patient()
    consent_service.record(patient.id, {("recalls", "email"): True}, source="phone")
    return recall_service.create(patient.id, due_on=DUE, reason="Check-up")


def work(clock, days):
    """Let a worker run once a day."""
    for _ in range(days):
        plan_due()
        send_due()
        clock.shift(timedelta(days=1))


def found(app):
    return [(row["state"], row["reason"]) for row in rows(app, "notifications") if row["kind"] == "recall"]


def test_a_patient_who_agreed_is_written_to_once(app, recall, mailbox, clock):
    work(clock, 20)

    assert found(app) == [("sent", None)]
    [row] = [row for row in rows(app, "notifications") if row["kind"] == "recall"]
    assert row["sent_at"].date() <= DUE


@pytest.mark.slow
def test_a_patient_who_was_not_asked_is_not_written_to(app, mailbox, clock):
    recall_service.create(a_patient().id, due_on=DUE, reason="Check-up")

    work(clock, 20)

    assert found(app) == [("suppressed", "no consent to recalls by email: not asked")]


@pytest.mark.slow
def test_a_recall_that_is_closed_drops_its_message(app, recall, mailbox, clock):
    plan_due()
    assert found(app) == [("queued", None)]
    recall_service.complete(recall.id)

    work(clock, 20)

    assert found(app) == [("suppressed", "the recall is not open any more")]


def test_a_recall_that_is_opened_again_after_its_message_is_not_written_about_again(app, recall, mailbox, clock):
    work(clock, 20)
    recall_service.complete(recall.id)
    recall_service.reopen(recall.id)

    work(clock, 10)

    assert [state for state, _ in found(app)].count("sent") == 1
