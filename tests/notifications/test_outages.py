"""A mail server that is away, a connection that is cut, clocks that jump, workers that die: every message once.

The counts are small; `CLINIC_TEST_MESSAGES=1000 pytest -n 0 -m slow tests/notifications/test_outages.py` runs the full
ones, in some minutes.
"""

import os
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from aiosmtpd.controller import Controller

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.mail_worker import send_due
from clinic.notifications.models import Notification
from clinic.notifications.planning_job import plan_due
from clinic.notifications.service import notification_service
from clinic.notifications.settings import settings_service
from tests.assertions import rows
from tests.builders import a_patient, a_practitioner, an_appointment, somebody
from tests.script_processes import Started, start_command
from tests.smtp_server import Mailbox, free_port

pytestmark = [pytest.mark.usefixtures("inside"), pytest.mark.slow]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=30)

MESSAGES = int(os.environ.get("CLINIC_TEST_MESSAGES", "60"))
"""How many messages wait while the mail server is away."""


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def reminders_of(visits):
    """Plan reminders of some visits, one after the other from the day after tomorrow on, of one patient each."""
    practitioner = a_practitioner()
    return [
        an_appointment(somebody(), practitioner, NOON + timedelta(days=2, hours=2, minutes=number), 1).id
        for number in range(visits)
    ]


def work_until(clock, end):
    """Let a worker run every half hour."""
    at = now()
    while at < end:
        plan_due()
        send_due()
        at += STEP
        clock.move_to(at)
    send_due()


def send_all():
    """Let a worker send all that is due."""
    while send_due():
        pass


def queue_many(count):
    """Queue messages of one patient, past the events: copies of a welcome."""
    patient = a_patient()
    with unit_of_work():
        for version in range(2, count + 1):
            same = {"patient_id": patient.id, "about_id": patient.id, "kind": "welcome"}
            db.session.add(Notification(about_version=version, **same))
    return count


@pytest.mark.both_databases
@pytest.mark.parametrize("hours", [1, 48])
def test_messages_are_sent_once_after_an_outage(app, mailbox, monkeypatch, clock, hours):
    url = app.config["SMTP_URL"]
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    queued = queue_many(MESSAGES)
    clock_step = timedelta(hours=hours) / 4
    for _ in range(4):
        send_all()
        clock.shift(clock_step)

    monkeypatch.setitem(app.config, "SMTP_URL", url)
    for _ in range(6):
        clock.shift(timedelta(hours=1))
        send_all()

    assert Counter(row["state"] for row in rows(app, "notifications")) == {"sent": queued}
    ids = Counter(message["Message-ID"] for message in mailbox.messages)
    assert (len(ids), set(ids.values())) == (queued, {1})


def test_after_an_outage_of_two_days_only_what_still_makes_sense_is_sent(app, mailbox, monkeypatch, clock):
    url = app.config["SMTP_URL"]
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    soon = an_appointment(a_patient(), starts_at=NOON + timedelta(days=2, hours=1)).id
    later = an_appointment(a_patient(), starts_at=NOON + timedelta(days=4)).id
    work_until(clock, NOON + timedelta(days=2, hours=2))

    monkeypatch.setitem(app.config, "SMTP_URL", url)
    work_until(clock, NOON + timedelta(days=2, hours=8))

    states = {(row["kind"], row["about_id"]): row["state"] for row in rows(app, "notifications")}
    assert [states[kind, soon] for kind in ("confirmation", "reminder")] == ["suppressed"] * 2
    assert [states[kind, later] for kind in ("confirmation", "reminder")] == ["sent"] * 2
    assert len(mailbox.messages) == 4


@pytest.fixture
def waiting(mailbox, clock):
    """One message that waits."""
    a_patient()


def test_a_connection_that_is_cut_before_the_content_was_sent_is_retried_with_the_same_message_id(
    app, mailbox, waiting, clock
):
    mailbox.answers["RCPT"] = "421 Closing"
    send_due()
    mailbox.answers.clear()
    for _ in range(4):
        clock.shift(timedelta(minutes=1))
        send_due()

    [row] = rows(app, "notifications")
    assert (row["state"], len(mailbox.messages)) == ("sent", 1)
    assert str(row["id"]) in mailbox.only()["Message-ID"]


def test_a_connection_that_is_cut_after_the_content_was_sent_leaves_the_rest_to_a_person(app, mailbox, waiting, clock):
    mailbox.hangs_up = True
    send_due()
    mailbox.hangs_up = False
    for _ in range(100):
        clock.shift(timedelta(hours=1))
        send_due()
    [row] = rows(app, "notifications")
    assert (row["state"], len(mailbox.messages)) == ("unknown", 1)

    notification_service.retry(row["id"])
    send_due()

    assert len({message["Message-ID"] for message in mailbox.messages}) == 1
    assert len(mailbox.messages) == 2


def test_a_clock_that_goes_back_an_hour_repeats_nothing_and_delays_nothing(app, mailbox, clock):
    reminders_of(5)
    work_until(clock, NOON + timedelta(hours=2, minutes=30))
    before = len(mailbox.messages)

    clock.shift(-timedelta(hours=1))
    work_until(clock, NOON + timedelta(hours=4))

    due = [row for row in rows(app, "notifications") if row["kind"] == "reminder"]
    assert {row["state"] for row in due} == {"sent"}
    assert before == len(mailbox.messages) == 10


def test_a_clock_that_was_a_day_fast_sends_nothing_twice_and_holds_nothing_once_it_is_right(
    app, mailbox, monkeypatch, clock
):
    url = app.config["SMTP_URL"]
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    reminders_of(2)
    clock.shift(timedelta(days=1))
    plan_due()
    send_due()
    monkeypatch.setitem(app.config, "SMTP_URL", url)

    clock.move_to(NOON + timedelta(hours=1))
    plan_due()
    send_due()
    early = Counter(row["kind"] for row in rows(app, "notifications") if row["state"] == "sent")
    work_until(clock, NOON + timedelta(hours=2, minutes=30))

    assert early == {"confirmation": 2}
    assert Counter(row["kind"] for row in rows(app, "notifications") if row["state"] == "sent")["reminder"] == 2
    assert max(Counter(message["Message-ID"] for message in mailbox.messages).values()) == 1


def test_a_lease_that_was_given_while_the_clock_was_fast_ends(app, mailbox, monkeypatch, clock):
    a_patient()
    clock.shift(timedelta(days=1))
    with unit_of_work():
        row = db.session.scalars(db.select(Notification)).one()
        row.state, row.attempts, row.leased_until = "sending", 1, now() + timedelta(minutes=1)

    clock.move_to(NOON + timedelta(minutes=1))
    send_due()

    assert len(mailbox.messages) == 1


class Workers:
    """Workers as processes of their own, killed at random and started again."""

    def __init__(self, app, folder, url):
        self.environment = {
            **os.environ,
            "CLINIC_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
            "CLINIC_INSTANCE_PATH": str(folder),
            "CLINIC_SMTP_URL": url,
            "CLINIC_LEASE_SECONDS": "2",
            "CLINIC_MESSAGE_DELAY_SECONDS": "0",
        }
        self.folder = folder
        self.running: list[Started] = []

    def start(self):
        log = self.folder / f"worker-{uuid4().hex}.log"
        self.running.append(start_command("worker", environment=self.environment, log=log))

    def kill_one(self):
        self.running.pop(random.randrange(len(self.running))).kill()

    def stop(self):
        for worker in self.running:
            worker.kill()


@pytest.mark.crash
@pytest.mark.both_databases
@pytest.mark.parametrize("count", [2, 4])
def test_workers_that_are_killed_at_random_send_every_message_once(app, tmp_path, count):
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    messages = queue_many(min(MESSAGES, 80))
    settings_service.update(version=1, quiet=False)
    practitioner, begins = a_practitioner(), now() + timedelta(days=2, seconds=20)
    for _ in range(10):
        an_appointment(a_patient(), practitioner, begins)
    workers = Workers(app, tmp_path, f"smtp://127.0.0.1:{controller.port}")
    for _ in range(count):
        workers.start()

    kills, deadline = 6, time.monotonic() + 150
    while any(row["state"] in {"queued", "sending"} for row in rows(app, "notifications")):
        assert time.monotonic() < deadline
        time.sleep(random.uniform(1, 3))
        if kills:
            kills -= 1
            workers.kill_one()
            workers.start()
    workers.stop()
    controller.stop()

    ids = Counter(message["Message-ID"] for message in mailbox.messages)
    assert set(ids.values()) == {1}
    states = Counter(row["state"] for row in rows(app, "notifications"))
    assert (states["sent"] + states["unknown"], sum(states.values())) == (messages + 30, messages + 30)
    assert states["sent"] <= len(mailbox.messages) <= messages + 30
    assert states["unknown"] <= 6
