"""The numbers above the log: what they count, and that each leads to the messages that it counts."""

import re
from datetime import timedelta

import pytest
import time_machine

from clinic.core.jobs import run_due_jobs
from clinic.notifications.log_summary import log_summary
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service
from tests.assertions import spoken
from tests.builders import MONDAY, a_patient, a_practitioner, an_appointment

BEFORE = MONDAY - timedelta(days=3)
"""When the reminder of a visit on Monday is due tomorrow."""


@pytest.fixture
def messages(here, clinic, mailbox):
    """A welcome of long ago, one that failed, an unclear one, one that was not sent, one that waits, a reminder."""
    with time_machine.travel(BEFORE - timedelta(days=30), tick=False) as traveller, here():
        a_patient(email="old@example.org")
        send_due()
        traveller.move_to(BEFORE)
        visitor = a_patient(email="visitor@example.org")
        send_due()
        mailbox.answers["RCPT"] = "550 5.1.1 No such user"
        a_patient(email="refused@example.org")
        send_due()
        mailbox.answers.clear()
        mailbox.hangs_up = True
        a_patient(email="unclear@example.org")
        send_due()
        mailbox.hangs_up = False
        consent_service.withdraw_all(a_patient(email="stopped@example.org").id)
        an_appointment(visitor, a_practitioner(), starts_at=MONDAY)
        run_due_jobs()
        a_patient(email="waits@example.org")
        traveller.shift(timedelta(minutes=5))
        yield


@pytest.mark.slow
def test_each_number_counts_what_it_says(here, messages):
    with here():
        found = log_summary()

    counted = (found.failed, found.unknown, found.waiting, found.reminders, found.sent, found.suppressed)
    assert counted == (1, 1, 1, 1, 2, 1)
    assert found.oldest == BEFORE
    assert found.since == (BEFORE - timedelta(days=6)).date()


def test_each_number_leads_to_the_messages_that_it_counts(messages, client):
    page = client.get("/messages").text
    tiles = {label: (int(count), url) for url, count, label in re.findall(TILE, page)}

    for label in ("failed", "unclear", "sent in 7 days", "not sent in 7 days"):
        count, url = tiles[label]
        assert f"Log {count} " in spoken(client.get(url.replace("&amp;", "&")).text), label
    assert tiles["reminder tomorrow"] == (1, "/messages/next")
    assert "the oldest 5 min" in spoken(page)


TILE = r'class="tile" href="([^"]*)"[^>]*><b>(\d+)</b> ([\w ]+) <small>'
