"""Claims of messages: each is sent by one worker at a time, whatever becomes of the worker."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from clinic.core.db import Base, db
from clinic.core.ids import new_id
from clinic.core.mail import worker
from clinic.core.mail.queue import MOST_ATTEMPTS
from clinic.core.work_queue import _STOPPING, LeaseLost
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.writing.mails import write_mail
from tests.assertions import rows
from tests.builders import a_patient
from tests.concurrency import run_at_once

pytestmark = pytest.mark.usefixtures("inside")

NOTIFICATIONS = Base.metadata.tables["notifications"]


def only(app):
    [row] = rows(app, "notifications")
    return row


def claimed():
    """Return the next due message, taken by this process."""
    notification = notification_queue.claim()
    assert notification is not None
    return notification


def test_a_message_claimed_by_another_worker_can_not_be_changed(app, mailbox):
    a_patient()
    mine = claimed()
    theirs = new_id()
    with db.engine.begin() as connection:
        connection.execute(update(NOTIFICATIONS).values(lease=theirs))

    with pytest.raises(LeaseLost):
        notification_queue.record_handover(mine, write_mail(mine))
    with pytest.raises(LeaseLost):
        notification_queue.record_sent(mine)
    with pytest.raises(LeaseLost):
        notification_queue.record_failure(mine, "x", final=True)

    assert (only(app)["state"], only(app)["lease"], only(app)["subject"]) == ("sending", theirs, None)


@pytest.mark.slow
def test_a_message_is_claimed_only_after_the_one_before_is_done(app, mailbox, monkeypatch):
    for count in range(2):
        a_patient(email=f"number{count}@example.org")
    record_handover, seen = notification_queue.record_handover, []

    def note_states(notification, mail):
        seen.append([row["state"] for row in rows(app, "notifications")])
        record_handover(notification, mail)

    monkeypatch.setattr(notification_queue, "record_handover", note_states)
    send_due()

    assert seen == [["sending", "queued"], ["sent", "sending"]]


@pytest.mark.slow
def test_a_worker_that_is_stopped_claims_nothing_more(app, mailbox, monkeypatch):
    for count in range(3):
        a_patient(email=f"number{count}@example.org")
    record_sent = notification_queue.record_sent

    def stop_after(notification, answer=None):
        record_sent(notification, answer)
        monkeypatch.setitem(app.extensions, _STOPPING, True)

    monkeypatch.setattr(notification_queue, "record_sent", stop_after)
    assert send_due() == 1

    states = [(row["state"], row["attempts"], row["lease"]) for row in rows(app, "notifications")]
    assert (states[0][:2], states[1:]) == (("sent", 1), [("queued", 0, None)] * 2)
    assert len(rows(app, "notification_attempts")) == 1


def test_a_message_claimed_by_another_worker_before_the_hand_over_is_not_sent(app, mailbox, monkeypatch, caplog):
    a_patient()
    record_handover = notification_queue.record_handover

    def lose(notification, mail):
        with db.engine.begin() as connection:
            connection.execute(update(NOTIFICATIONS).values(lease=new_id()))
        record_handover(notification, mail)

    monkeypatch.setattr(notification_queue, "record_handover", lose)
    send_due()

    assert (mailbox.messages, only(app)["state"]) == ([], "sending")
    assert "lease_lost table=notifications" in caplog.text
    assert "mail_failed" not in caplog.text


def test_handing_a_message_over_renews_its_lease(app, mailbox):
    a_patient()
    mine = claimed()
    before = only(app)["leased_until"]

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
        notification_queue.record_handover(mine, write_mail(mine))

    assert only(app)["leased_until"] - before > timedelta(seconds=20)


def test_a_message_whose_worker_died_before_handing_it_over_is_sent_by_the_next(app, mailbox):
    a_patient()
    notification_queue.claim()

    assert send_due() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert send_due() == 1

    assert (only(app)["state"], only(app)["attempts"], len(mailbox.messages)) == ("sent", 2, 1)


def test_a_message_whose_worker_died_while_handing_it_over_is_unknown(app, mailbox):
    a_patient()
    mine = claimed()
    notification_queue.record_handover(mine, write_mail(mine))

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert send_due() == 0

    assert (only(app)["state"], mailbox.messages) == ("unknown", [])
    assert only(app)["reason"] == "the worker died while the mail server had the message"


@pytest.mark.slow
@pytest.mark.row(88)
def test_a_message_that_kills_its_worker_each_time_is_given_up(app, mailbox):
    a_patient()

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(MOST_ATTEMPTS + 1):
            notification_queue.claim()
            clock.shift(timedelta(hours=1))

    assert (only(app)["state"], only(app)["attempts"]) == ("failed", MOST_ATTEMPTS)


@pytest.mark.slow
@pytest.mark.row(80)
def test_two_workers_send_each_message_once(app, clinic, mailbox):
    for count in range(6):
        a_patient(email=f"number{count}@example.org")

    outcomes = run_at_once(app, clinic.id, 2, lambda _number: send_due())

    assert outcomes == [None, None]
    assert sorted(mailbox.recipients) == [f"number{count}@example.org" for count in range(6)]
    assert {row["state"] for row in rows(app, "notifications")} == {"sent"}


def test_an_error_in_the_claim_of_the_next_message_leaves_the_sent_one_sent(app, mailbox, monkeypatch):
    for count in range(2):
        a_patient(email=f"number{count}@example.org")
    record_claim = notification_queue.record_claim

    def fail_at_the_second(row, **claim):
        if mailbox.messages:
            raise RuntimeError("no claim")
        record_claim(row, **claim)

    monkeypatch.setattr(notification_queue, "record_claim", fail_at_the_second)
    with pytest.raises(RuntimeError, match="no claim"):
        send_due()

    states = [(row["state"], row["attempts"]) for row in rows(app, "notifications")]
    assert states == [("sent", 1), ("queued", 0)]


def test_a_run_ends_after_some_messages_and_claims_no_further_one(app, mailbox, monkeypatch):
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 2)
    for count in range(3):
        a_patient(email=f"number{count}@example.org")

    assert send_due() == 2
    assert [row["state"] for row in rows(app, "notifications")] == ["sent", "sent", "queued"]
    assert send_due() == 1


@pytest.mark.slow
def test_messages_of_a_run_go_over_one_connection(app, mailbox):
    for count in range(3):
        a_patient(email=f"number{count}@example.org")

    send_due()

    assert (len(mailbox.messages), mailbox.connections) == (3, 1)


@pytest.mark.slow
def test_a_backlog_is_claimed_in_the_order_in_which_it_was_due(mailbox):
    for count in range(3):
        a_patient(email=f"number{count}@example.org")
    with db.engine.begin() as connection:
        ids = sorted(connection.scalars(select(NOTIFICATIONS.c.id)))
        connection.execute(
            update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == ids[2]).values(due_at=datetime(2026, 1, 1, tzinfo=UTC))
        )

    send_due()

    assert mailbox.recipients == [f"number{count}@example.org" for count in (2, 0, 1)]
