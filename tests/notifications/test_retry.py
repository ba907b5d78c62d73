"""Messages that failed, or may not have been sent, are sent again: one or all, on the page, as JSON and by command."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select, update

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.notifications import service
from clinic.notifications.mail_worker import send_due
from clinic.notifications.service import NotRetryable, notification_service
from tests.assertions import rows, spoken
from tests.builders import a_patient

URL = "/api/v1/notifications"
STATES = ["failed", "unknown", "suppressed", "sent"]


def set_columns(**values):
    """Change every message, past its service."""
    with db.engine.begin() as connection:
        connection.execute(update(Base.metadata.tables["notifications"]).values(**values))
    db.session.expire_all()


@pytest.fixture
def messages(client, mailbox, store_once):
    """The ids of a message that failed, one that is unknown, one that was suppressed and one that was sent."""
    return store_once(_a_message_of_each_state)


def _a_message_of_each_state():
    for _ in STATES:
        a_patient()
    table = Base.metadata.tables["notifications"]
    with db.engine.begin() as connection:
        ids = connection.scalars(select(table.c.id).order_by(table.c.id)).all()
        for row_id, state in zip(ids, STATES, strict=True):
            values = {"state": state, "reason": "the mail server answered 550", "attempts": 12, "handed_over": True}
            connection.execute(update(table).where(table.c.id == row_id).values(**values))
    return ids


def states(app):
    return [row["state"] for row in rows(app, "notifications")]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize("index", [0, 1])
def test_a_failed_or_unknown_message_is_queued_as_if_it_had_not_been_attempted(app, here, messages, mailbox, index):
    with here():
        retried = notification_service.retry(messages[index])
        assert (retried.state, retried.attempts, retried.handed_over, retried.reason) == ("queued", 0, False, None)
        send_due()

    assert states(app)[index] == "sent"
    assert len(mailbox.messages) == 1


@pytest.mark.slow
def test_a_message_that_is_sent_again_is_attempted_for_three_days_more(app, here, messages, mailbox):
    mailbox.answers["RCPT"] = "451 Try again"
    began = now() + timedelta(days=5)

    with here(), time_machine.travel(began, tick=False) as clock:
        notification_service.retry(messages[0])
        while (row := rows(app, "notifications")[0])["state"] == "queued":
            clock.move_to(row["due_at"] + timedelta(seconds=1))
            send_due()
        ended = now()

    assert states(app)[0] == "failed"
    assert timedelta(hours=71) < ended - began < timedelta(hours=73)


@pytest.mark.slow
def test_a_message_that_was_suppressed_or_sent_is_not_sent_again(app, here, messages):
    with here():
        for index in (2, 3):
            with pytest.raises(NotRetryable):
                notification_service.retry(messages[index])

    assert states(app) == STATES


@pytest.mark.breadth
@pytest.mark.parametrize("state", ["queued", "sending"])
def test_a_message_that_is_sent_anyway_is_left_alone(app, here, messages, state):
    with here():
        set_columns(state=state)
        before = rows(app, "notifications")

        notification_service.retry(messages[0])

        assert rows(app, "notifications") == before


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.both_databases
@pytest.mark.parametrize("batch", [1, 100])
def test_all_messages_are_queued_again_in_batches(app, here, messages, monkeypatch, batch):
    monkeypatch.setattr(service, "BATCH", batch)

    with here():
        assert notification_service.retry_all() == 2

    assert states(app) == ["queued", "queued", "suppressed", "sent"]


def test_messages_of_another_clinic_are_left_alone(app, here, other_clinic, messages):
    with here(other_clinic.id):
        assert notification_service.retry_all() == 0

    assert states(app) == STATES


def test_a_retry_is_recorded_in_the_audit_trail(app, client, messages):
    client.post(f"{URL}/{messages[0]}/retry")

    entry = [row for row in rows(app, "audit_entries") if row["record_id"] == messages[0]][-1]
    assert (entry["action"], entry["changes"]["state"]) == ("changed", ["failed", "queued"])


def test_the_page_sends_one_message_again(app, client, messages):
    response = client.submit(f"/messages/{messages[0]}/retry")

    assert response.status_code == 303
    assert "The message will be sent again" in client.get("/messages").text
    assert states(app) == ["queued", "unknown", "suppressed", "sent"]


def test_the_page_sends_all_messages_again(app, client, messages):
    assert "1 failed" in spoken(client.get("/messages").text)
    assert "1 unclear" in spoken(client.get("/messages").text)

    response = client.submit("/messages/retry")

    assert response.status_code == 303
    page = client.get("/messages").text
    assert "2 messages will be sent again" in page
    assert "Send all again" not in page
    assert states(app) == ["queued", "queued", "suppressed", "sent"]


def test_the_page_shows_why_a_message_can_not_be_sent_again(client, messages):
    response = client.submit(f"/messages/{messages[3]}/retry")

    assert response.status_code == 409
    assert "This message is sent: it can’t be sent again" in spoken(response.text).replace("'", "’")


def test_who_may_only_read_messages_is_shown_no_button(client, become, messages):
    become("manager", "notifications:write")

    page = client.get("/messages").text

    assert "Failed" in page
    assert "/retry" not in page


def test_json_sends_one_message_again(app, client, messages):
    response = client.post(f"{URL}/{messages[1]}/retry")

    assert (response.status_code, response.json["state"], response.json["attempts"]) == (200, "queued", 0)
    assert states(app) == ["failed", "queued", "suppressed", "sent"]


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("body", "retried"), [(None, 2), ({}, 2), ({"state": "failed"}, 1), ({"state": "unknown"}, 1), ({"state": None}, 2)]
)
def test_json_sends_all_messages_again(client, messages, body, retried):
    response = client.post(f"{URL}/retry", json=body) if body is not None else client.post(f"{URL}/retry")

    assert (response.status_code, response.json) == (200, {"retried": retried})


def test_json_refuses_what_can_not_be_sent_again(client, messages):
    assert client.post(f"{URL}/{uuid4()}/retry").status_code == 404
    assert client.post(f"{URL}/{messages[2]}/retry").json["code"] == "not-retryable"
    assert client.post(f"{URL}/{messages[2]}/retry").status_code == 409
    assert client.post(f"{URL}/retry", json={"state": "sent"}).status_code == 422


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("options", "after"),
    [
        (["--all"], ["queued", "queued"]),
        (["--state", "failed"], ["queued", "unknown"]),
        (["--all", "--state", "unknown"], ["failed", "queued"]),
    ],
)
def test_the_command_sends_all_messages_again(app, run, messages, options, after):
    result = run("notifications", "retry", *options, "--json")

    assert json.loads(result.stdout) == {"retried": after.count("queued")}
    assert states(app)[:2] == after


def test_the_command_sends_the_named_messages_again(app, run, messages):
    result = run("notifications", "retry", *messages[:2])

    assert (result.exit_code, result.stdout) == (0, "retried\t2\n")
    assert states(app)[:2] == ["queued", "queued"]


def test_the_command_changes_nothing_if_it_can_not_be_carried_out(app, run, messages):
    for arguments, code in (
        ([], 2),
        ([messages[0], "--all"], 2),
        (["x"], 2),
        (["--state", "sent"], 2),
        ([messages[0], uuid4()], 3),
        ([messages[2]], 5),
    ):
        assert run("notifications", "retry", *arguments).exit_code == code, arguments

    assert states(app) == STATES
