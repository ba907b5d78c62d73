"""A run of the mail worker: what it reads with the claim of the next message, and how little that takes."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.core.tenancy import clinic_scope
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.writing.template_service import template_service
from clinic.patients.service import consent_service, patient_service
from tests.assertions import rows
from tests.builders import a_patient, an_appointment
from tests.statements import counted_statements, of_rows

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.both_databases]


@pytest.fixture
def patients(mailbox):
    """Two patients, each with a welcome that is due."""
    return [a_patient(email=f"number{number}@example.org") for number in range(2)]


@pytest.fixture
def after_read_ahead(monkeypatch, clinic):
    """Return a function that lets something happen after the second message was claimed and read."""
    read_ahead = notification_queue.read_ahead

    def let(act):
        def read_and_act(row):
            read_ahead(row)
            happens.append(act)

        def deliver_later(row, mail):
            while happens:
                with clinic_scope(clinic.id):
                    happens.pop()()
            record_handover(row, mail)

        happens, record_handover = [], notification_queue.record_handover
        monkeypatch.setattr(notification_queue, "read_ahead", read_and_act)
        monkeypatch.setattr(notification_queue, "record_handover", deliver_later)

    return let


def test_consent_that_is_withdrawn_after_the_next_message_was_read_stops_it(app, mailbox, patients, after_read_ahead):
    after_read_ahead(lambda: consent_service.withdraw_all(patients[1].id))

    send_due()

    assert mailbox.recipients == ["number0@example.org"]
    assert [row["state"] for row in rows(app, "notifications")] == ["sent", "suppressed"]
    assert rows(app, "notifications")[1]["reason"] == "no consent to care messages by email: withdrawn"


@pytest.mark.slow
def test_a_patient_who_has_no_address_after_the_next_message_was_read_gets_none(
    app, mailbox, patients, after_read_ahead
):
    after_read_ahead(lambda: patient_service.update(patients[1].id, version=1, email=None))

    send_due()

    assert mailbox.recipients == ["number0@example.org"]
    assert rows(app, "notifications")[1]["reason"] == "the patient has no email address any more"


@pytest.mark.slow
def test_the_audit_trail_has_each_step_of_each_message_of_a_run(app, patients):
    send_due()

    ids = [row["id"] for row in rows(app, "notifications")]
    steps = {
        row_id: [
            entry["changes"].get("state")
            for entry in rows(app, "audit_entries")
            if (entry["record_id"], entry["action"]) == (row_id, "changed")
        ]
        for row_id in ids
    }
    assert list(steps.values()) == [[["queued", "sending"], None, ["sending", "sent"]]] * 2


def test_a_further_message_of_a_run_takes_eleven_statements(app, patients):
    a_patient(email="number2@example.org")
    with counted_statements(app) as few:
        send_due()
    for number in range(4):
        a_patient(email=f"further{number}@example.org")

    with counted_statements(app) as more:
        send_due()

    assert len(of_rows(more)) - len(of_rows(few)) <= 11


@pytest.mark.slow
def test_a_kind_that_was_switched_off_is_not_sent_by_the_next_run(app, mailbox, patients):
    send_due()
    template_service.switch("welcome", enabled=False, version=None)
    a_patient(email="late@example.org")

    send_due()

    assert mailbox.recipients == ["number0@example.org", "number1@example.org"]


@pytest.mark.slow
def test_a_run_of_messages_of_several_kinds_writes_each_with_what_it_is_about(mailbox, patients):
    an_appointment(patients[1], starts_at=datetime.now(UTC) + timedelta(days=3))

    send_due()

    assert mailbox.recipients == ["number0@example.org", "number1@example.org", "number1@example.org"]
    assert len({message["Subject"] for message in mailbox.messages}) == 2
