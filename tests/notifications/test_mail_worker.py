"""Sending of messages: the state of each after any behaviour of the mail server or the worker."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import update

from clinic.core.db import Base, db
from clinic.core.jobs import run_due_jobs
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service, patient_service
from tests.assertions import rows
from tests.builders import a_patient, an_appointment
from tests.smtp_server import free_port

pytestmark = pytest.mark.usefixtures("inside")

NOTIFICATIONS = Base.metadata.tables["notifications"]


def only(app):
    [row] = rows(app, "notifications")
    return row


def aware(moment):
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def written(app):
    return sorted((Path(app.instance_path) / "outbox").glob("*"))


def test_a_message_that_was_accepted_is_sent_and_stores_its_text(app, mailbox):
    a_patient(language="en")

    assert send_due() == 1

    row = only(app)
    assert (row["state"], row["attempts"], row["reason"], row["lease"]) == ("sent", 1, None, None)
    assert (row["recipient"], row["subject"]) == ("ines@example.org", "Welcome to Clínica São João")
    assert row["body"].startswith("Dear Inês Pereira,")
    assert row["sent_at"] is not None


def test_a_message_is_sent_only_once(mailbox):
    a_patient()

    assert [send_due(), send_due(), run_due_jobs()] == [1, 0, 0]
    assert len(mailbox.messages) == 1


@pytest.mark.slow
def test_messages_of_every_clinic_are_sent_in_its_own_name(here, other_clinic, mailbox):
    a_patient(email="here@example.org")
    with here(other_clinic.id):
        a_patient(email="there@example.org")

    send_due()

    names = [message["From"].addresses[0].display_name for message in mailbox.messages]
    assert names == ["Clínica São João", "Other Clinic"]
    assert mailbox.recipients == ["here@example.org", "there@example.org"]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_final_refusal_fails_the_message_with_its_reason(app, mailbox, command):
    a_patient()
    mailbox.answers[command] = "550 No such user ines@example.org"

    send_due()

    row = only(app)
    assert (row["state"], row["reason"], row["attempts"]) == ("failed", "the mail server answered 550", 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_temporary_refusal_queues_the_message_again_for_later(app, mailbox, command):
    a_patient()
    mailbox.answers[command] = "451 Try again"

    send_due()

    row = only(app)
    assert (row["state"], row["reason"]) == ("queued", "the mail server answered 451")
    assert aware(row["due_at"]) > datetime.now(UTC)
    assert send_due() == 0


@pytest.mark.slow
def test_a_message_is_attempted_for_three_days_with_growing_pauses(app, mailbox):
    mailbox.answers["RCPT"] = "451 Try again"
    attempted_at = []

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        a_patient()
        while only(app)["state"] == "queued":
            send_due()
            attempted_at.append(datetime.now(UTC))
            clock.move_to(aware(only(app)["due_at"]))

    pauses = [after - before for before, after in pairwise(attempted_at)]
    assert (only(app)["state"], only(app)["reason"]) == ("failed", "the mail server answered 451")
    assert attempted_at[-1] - attempted_at[0] == timedelta(days=3)
    assert max(pauses) <= timedelta(hours=4)
    assert pauses[0] < pauses[3] < pauses[6] < pauses[9]


def test_a_message_that_waited_for_a_worker_for_days_is_attempted_more_than_once(app, mailbox):
    a_patient()
    mailbox.answers["RCPT"] = "451 Try again"

    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        send_due()

    assert (only(app)["state"], only(app)["attempts"]) == ("queued", 1)


def test_a_message_that_was_refused_temporarily_is_sent_later_once(app, mailbox):
    a_patient()
    mailbox.answers["DATA"] = "451 Try again"
    send_due()
    mailbox.answers.clear()

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        send_due()

    assert len(mailbox.messages) == 1
    assert (only(app)["state"], only(app)["attempts"], only(app)["reason"]) == ("sent", 2, None)


def test_a_server_that_is_not_reachable_is_retried(app, monkeypatch):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")

    send_due()

    row = only(app)
    assert (row["state"], row["reason"]) == ("queued", "the mail server can't be reached (ConnectionRefusedError)")
    assert aware(row["due_at"]) > datetime.now(UTC)


def test_a_server_that_refuses_the_password_fails_no_message(app, mailbox, monkeypatch):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", app.config["SMTP_URL"].replace("smtp://", "smtp://us:secret@"))

    send_due()

    assert only(app)["state"] == "queued"
    assert "secret" not in only(app)["reason"]


@pytest.mark.slow
def test_a_server_without_encryption_gets_nothing_if_encryption_is_wanted(app, mailbox, monkeypatch):
    a_patient()
    monkeypatch.setitem(app.config, "SMTP_URL", app.config["SMTP_URL"] + "?starttls=1")

    send_due()

    assert (only(app)["state"], mailbox.messages) == ("queued", [])


def test_a_connection_that_breaks_after_the_hand_over_makes_the_state_unknown(app, mailbox):
    a_patient()
    mailbox.hangs_up = True

    send_due()

    row = only(app)
    assert row["state"] == "unknown"
    assert row["reason"] == "the connection broke while the mail server had the message"
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1)):
        assert send_due() == 0


@pytest.mark.parametrize("answer", ["421 Closing", "500 What?"])
def test_an_error_at_quit_does_not_change_an_accepted_message(app, mailbox, answer):
    a_patient()
    mailbox.answers["QUIT"] = answer

    send_due()

    assert len(mailbox.messages) == 1
    assert only(app)["state"] == "sent"


def test_consent_that_was_withdrawn_before_sending_stops_the_message(app, mailbox):
    patient = a_patient()
    consent_service.withdraw_all(patient.id)

    send_due()

    row = only(app)
    assert (row["state"], row["reason"]) == ("suppressed", "no consent to care messages by email: withdrawn")
    assert mailbox.messages == []


def test_an_address_that_was_removed_before_sending_stops_the_message(app, mailbox):
    patient = a_patient()
    patient_service.update(patient.id, version=1, email=None)

    send_due()

    assert (only(app)["state"], only(app)["reason"]) == ("suppressed", "the patient has no email address any more")
    assert mailbox.messages == []


def test_a_message_goes_to_the_current_address(mailbox):
    patient = a_patient(email="old@example.org")
    patient_service.update(patient.id, version=1, email="new@example.org")

    send_due()

    assert mailbox.recipients == ["new@example.org"]


@pytest.mark.slow
def test_without_a_mail_server_each_message_becomes_a_file(app):
    before = set(written(app))
    an_appointment(a_patient(language="pt"), starts_at=datetime.now(UTC) + timedelta(days=1))

    send_due()

    new = [path for path in written(app) if path not in before]
    messages = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in new]
    assert {path.suffix for path in new} == {".eml"}
    assert [message["Subject"] for message in messages] == [
        "Clínica São João dá-lhe as boas-vindas",
        "A sua consulta em Clínica São João",
    ]
    assert {path.stem for path in new} == {str(row["id"]) for row in rows(app, "notifications")}


def test_a_message_that_can_not_be_written_stops_no_other(app, mailbox):
    a_patient(email="first@example.org")
    a_patient(email="second@example.org")
    with db.engine.begin() as connection:
        first = min(row["id"] for row in rows(app, "notifications"))
        connection.execute(update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == first).values(kind="nonsense"))

    send_due()

    assert mailbox.recipients == ["second@example.org"]
    assert [row["state"] for row in rows(app, "notifications")] == ["queued", "sent"]
    assert rows(app, "notifications")[0]["reason"] == "an error in the program (KeyError)"


@pytest.mark.slow
@pytest.mark.row(93)
def test_logs_have_no_data_of_the_patient(mailbox, caplog):
    caplog.set_level("DEBUG", logger="clinic")
    a_patient(family_name="Canary4711", email="canary4711@example.org")
    mailbox.answers["RCPT"] = "550 canary4711@example.org is unknown"

    run_due_jobs()

    assert "canary4711" not in caplog.text.lower()
