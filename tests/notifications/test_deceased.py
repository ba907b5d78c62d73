"""Nobody who has died is written to: asked before every attempt and when the mail server is about to take a message."""

from datetime import timedelta

import pytest

from clinic.billing.service import billing_service
from clinic.core.clock import today
from clinic.core.db import db
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import patient_service
from tests.assertions import rows
from tests.billing.invoices import an_invoice, euros
from tests.builders import a_patient, an_appointment

pytestmark = pytest.mark.usefixtures("inside")

DECEASED = ("suppressed", "the patient has died")


def outcomes(app):
    return [(row["state"], row["reason"]) for row in rows(app, "notifications")]


def die(patient):
    patient_service.record_death(patient.id, deceased_on=today("Europe/Lisbon") - timedelta(days=1))


@pytest.mark.slow
def test_a_death_stops_every_message_that_waits(app, mailbox):
    patient = a_patient()
    an_appointment(patient)
    invoice = an_invoice(patient)
    die(patient)

    billing_service.record_payment(invoice.id, amount=euros(5000), method="cash")
    send_due()

    assert outcomes(app) == [DECEASED] * 3
    assert mailbox.messages == []


def test_a_death_recorded_while_a_message_is_written_stops_its_hand_over(app, mailbox, monkeypatch):
    patient, ask = a_patient(), notification_queue.check_relevance

    def die_meanwhile(row):
        die(patient)
        db.session.expire_all()
        ask(row)

    monkeypatch.setattr(notification_queue, "check_relevance", die_meanwhile)
    send_due()

    assert outcomes(app) == [DECEASED]
    assert mailbox.messages == []


@pytest.mark.slow
def test_taking_a_death_back_lets_later_messages_be_sent(app, mailbox):
    patient = a_patient()
    die(patient)
    send_due()
    patient_service.undo_death(patient.id)
    an_appointment(patient)

    send_due()

    assert [state for state, _ in outcomes(app)] == ["suppressed", "sent"]
