"""Attempts: each is recorded with its outcome and what the mail server answered."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.service import notification_service
from clinic.patients.service import consent_service
from tests.assertions import rows
from tests.builders import a_patient
from tests.smtp_server import free_port

pytestmark = pytest.mark.usefixtures("inside")


def attempts(app):
    """Return the number, the outcome and the answer of each attempt."""
    found = sorted(rows(app, "notification_attempts"), key=lambda row: row["number"])
    return [(row["number"], row["outcome"], row["answer"]) for row in found]


@pytest.mark.slow
def test_a_message_that_is_put_off_and_then_accepted_has_two_attempts_with_the_servers_words(app, mailbox):
    a_patient()
    mailbox.answers["RCPT"] = "451 4.7.1 Greylisted, try again later"
    send_due()
    mailbox.answers.clear()

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        send_due()

    assert attempts(app) == [(1, "deferred", "451 4.7.1 Greylisted, try again later"), (2, "sent", "250 OK")]
    for row in rows(app, "notification_attempts"):
        assert row["started_at"] <= row["ended_at"]
        assert row["actor"] is None


@pytest.mark.row(93)
def test_a_refusal_keeps_the_servers_words_without_the_address(app, mailbox):
    a_patient(email="ines.pereira@example.org")
    mailbox.answers["RCPT"] = "550 5.1.1 <ines.pereira@example.org>: user ines.pereira unknown in relay@mx.example"

    send_due()

    assert attempts(app) == [(1, "refused", "550 5.1.1 <••••>: user •••• unknown in ••••")]


def test_a_server_that_can_not_be_reached_puts_the_message_off(app, monkeypatch):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")

    send_due()

    assert attempts(app) == [(1, "deferred", "the mail server can't be reached (ConnectionRefusedError)")]


def test_a_broken_connection_makes_the_attempt_unknown(app, mailbox):
    a_patient()
    mailbox.hangs_up = True

    send_due()

    assert attempts(app) == [(1, "unknown", "the connection broke while the mail server had the message")]


def test_a_message_that_is_not_wanted_any_more_has_a_suppressed_attempt(app, mailbox):
    consent_service.withdraw_all(a_patient().id)

    send_due()

    assert attempts(app) == [(1, "suppressed", "no consent to care messages by email: withdrawn")]


def test_an_attempt_whose_worker_died_ends_with_the_next_claim(app, mailbox):
    a_patient()
    notification_queue.claim()

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        send_due()

    assert attempts(app) == [(1, "deferred", "the worker died"), (2, "sent", "250 OK")]


def test_attempts_are_counted_on_when_a_message_is_sent_again(app, mailbox):
    a_patient()
    mailbox.answers["RCPT"] = "550 Unknown"
    send_due()
    mailbox.answers.clear()

    notification_service.retry(rows(app, "notifications")[0]["id"])
    send_due()

    assert attempts(app) == [(1, "refused", "550 Unknown"), (2, "sent", "250 OK")]


def test_a_long_answer_is_shortened(app, mailbox):
    a_patient()
    mailbox.answers["RCPT"] = "550 " + "x" * 400

    send_due()

    assert len(attempts(app)[0][2]) == 300


def test_mail_to_the_console_is_printed(app, monkeypatch, capsys):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", "console:")

    send_due()

    assert "<ines@example.org>" in capsys.readouterr().out
    assert attempts(app) == [(1, "sent", "printed to the console")]


def test_mail_to_a_folder_is_written_there(app, monkeypatch, tmp_path):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", f"folder:{tmp_path}/mail")

    send_due()

    [path] = (tmp_path / "mail").glob("*.eml")
    assert attempts(app) == [(1, "sent", f"written to {path.name}")]
