"""Mail to staff members: its text, and that each is sent once, whatever the mail server does."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine

from clinic.core.ids import new_id
from clinic.core.jobs import is_work_due, run_due_jobs
from clinic.core.mail.message import Mail
from clinic.core.mail.queue import MOST_ATTEMPTS
from clinic.core.unit_of_work import unit_of_work
from clinic.core.work_queue import LeaseLost
from clinic.identity import mail_queue
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.members import member_service
from clinic.identity.self_service import self_service
from clinic.staff.mail_worker import send_due
from tests.assertions import rows
from tests.builders import a_clinic, a_member
from tests.concurrency import run_at_once
from tests.smtp_server import free_port
from tests.staff.login_helpers import EMAIL, a_person

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUBJECTS = {
    ("en", "reset"): "Set a new password",
    ("en", "invitation"): "Your access to Harbour Clinic",
    ("en", "password-changed"): "Your password was changed",
    ("de", "reset"): "Neues Passwort setzen",
    ("de", "invitation"): "Ihr Zugang zu Harbour Clinic",
    ("de", "password-changed"): "Ihr Passwort wurde geändert",
    ("pt", "reset"): "Definir uma nova palavra-passe",
    ("pt", "invitation"): "O seu acesso a Harbour Clinic",
    ("pt", "password-changed"): "A sua palavra-passe foi alterada",
}

MAIL = Mail(new_id(), "Somebody", EMAIL, "Harbour Clinic", "A subject", "A text.\n")

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def queue(kind: str, member_id, clinic_id) -> None:
    with unit_of_work():
        staff_mail_queue.queue(kind, member_id=member_id, clinic_id=clinic_id)


def only(app):
    [row] = rows(app, "staff_letters")
    return row


def text_of(message) -> str:
    content: str = message.get_body(("plain",)).get_content()
    return content


@pytest.mark.breadth
@pytest.mark.parametrize(("language", "kind"), SUBJECTS)
def test_mail_is_written_in_the_clinic_s_language_without_a_name_in_the_subject(app, mailbox, language, kind):
    clinic = a_clinic(name="Harbour Clinic", locale={"en": "en_GB", "de": "de_DE", "pt": "pt_PT"}[language])
    queue(kind, a_member(clinic.id, email=EMAIL).id, clinic.id)

    send_due()

    message = mailbox.only()
    assert message["Subject"] == SUBJECTS[language, kind]
    assert message["Content-Language"] == language
    assert message["To"].addresses[0].display_name == "Administrator Person"
    assert "Administrator Person" in text_of(message)
    assert "http://127.0.0.1:5000/" in text_of(message)
    assert '<a href="http://127.0.0.1:5000/' in message.get_body(("html",)).get_content()


def test_an_invitation_has_a_link_to_choose_a_password_valid_for_a_week(app, mailbox, clock):
    member_service.invite(email="new@example.org", name="Nova", role="receptionist")

    send_due()

    row = only(app)
    expires = row["expires_at"].replace(tzinfo=UTC)
    assert (row["state"], row["attempts"], expires - NOON) == ("sent", 1, timedelta(days=7))
    assert "/password/" in text_of(mailbox.only())


def test_an_invitation_to_an_existing_account_has_no_password_link(app, other_clinic, mailbox):
    a_person(app, other_clinic.id, email="known@example.org")
    member_service.invite(email="known@example.org", name="Known", role="receptionist")

    send_due()

    assert only(app)["token_hash"] is None
    assert "/password/" not in text_of(mailbox.only())


@pytest.mark.slow
def test_a_mail_without_a_recipient_is_deleted(app, mailbox):
    self_service.request_reset("nobody@example.org", address="192.0.2.1")

    send_due()

    assert rows(app, "staff_letters") == []
    assert mailbox.messages == []


@pytest.mark.slow
def test_a_member_who_has_left_meanwhile_gets_no_mail(app, clinic, mailbox):
    a_person(app, clinic.id, "administrator", email="boss@example.org")
    queue("reset", a_person(app, clinic.id), clinic.id)
    member_service.deactivate(member_service.get_by_email(EMAIL).membership.id)

    send_due()

    assert rows(app, "staff_letters") == []
    assert mailbox.messages == []


@pytest.mark.slow
def test_queuing_wakes_the_worker_after_the_commit_and_the_request_itself_sends_nothing(
    app, clinic, mailbox, monkeypatch
):
    wakes = []
    monkeypatch.setattr(mail_queue, "wake_worker", lambda: wakes.append(len(rows(app, "staff_letters"))))
    queue("reset", a_person(app, clinic.id), clinic.id)

    assert wakes == [1]
    assert mailbox.messages == []
    assert is_work_due()
    assert run_due_jobs() == 1
    assert len(mailbox.messages) == 1
    assert not is_work_due()


@pytest.mark.slow
def test_a_mail_is_sent_once(app, clinic, mailbox):
    queue("reset", a_person(app, clinic.id), clinic.id)

    assert [send_due(), send_due()] == [1, 0]
    assert len(mailbox.messages) == 1


@pytest.mark.slow
def test_two_workers_send_each_mail_once(app, clinic, mailbox):
    member_id = a_person(app, clinic.id)
    for _ in range(6):
        queue("password-changed", member_id, clinic.id)

    failures = run_at_once(app, clinic.id, 3, lambda _: send_due())

    assert failures == [None] * 3
    assert len({message["Message-ID"] for message in mailbox.messages}) == len(mailbox.messages) == 6


def test_a_worker_that_took_too_long_loses_its_lease(app, clinic, mailbox, clock, caplog):
    queue("reset", a_person(app, clinic.id), clinic.id)
    slow = staff_mail_queue.claim()
    assert slow
    first = staff_mail_queue.prepare(slow)
    clock.shift(timedelta(minutes=2))

    fast = staff_mail_queue.claim()

    assert fast
    assert staff_mail_queue.prepare(fast).token != first.token
    with pytest.raises(LeaseLost):
        staff_mail_queue.prepare(slow)
    with pytest.raises(LeaseLost):
        staff_mail_queue.record_handover(slow, MAIL)
    with pytest.raises(LeaseLost):
        staff_mail_queue.record_sent(slow)
    staff_mail_queue.record_handover(fast, MAIL)


@pytest.mark.slow
def test_a_mail_that_is_not_accepted_is_attempted_for_two_days_with_growing_pauses(app, clinic, mailbox, clock):
    queue("reset", a_person(app, clinic.id), clinic.id)
    mailbox.answers["DATA"] = "451 try later"
    attempted_at = []

    while only(app)["state"] == "queued":
        send_due()
        attempted_at.append(datetime.now(UTC))
        clock.move_to(only(app)["due_at"].replace(tzinfo=UTC))

    pauses = [after - before for before, after in pairwise(attempted_at)]
    assert (only(app)["state"], only(app)["token_hash"]) == ("failed", None)
    assert attempted_at[-1] - attempted_at[0] == timedelta(days=2)
    assert pauses[0] <= timedelta(seconds=15)
    assert max(pauses) <= timedelta(hours=4)
    assert pauses[0] < pauses[3] < pauses[6] < pauses[9]


@pytest.mark.slow
def test_a_mail_that_ends_its_worker_each_time_is_given_up(app, clinic, mailbox, clock):
    queue("reset", a_person(app, clinic.id), clinic.id)

    for _ in range(MOST_ATTEMPTS + 1):
        staff_mail_queue.claim()
        clock.shift(timedelta(minutes=2))

    assert (only(app)["state"], only(app)["attempts"]) == ("failed", MOST_ATTEMPTS)


@pytest.mark.slow
def test_a_final_refusal_is_not_retried(app, clinic, mailbox):
    queue("reset", a_person(app, clinic.id), clinic.id)
    mailbox.answers["RCPT"] = "550 nobody of that name"

    send_due()

    assert (only(app)["state"], only(app)["attempts"]) == ("failed", 1)


def test_a_mail_server_that_is_not_reachable_stops_no_other_mail(app, clinic, monkeypatch):
    monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    member_id = a_person(app, clinic.id)
    queue("reset", member_id, clinic.id)
    queue("password-changed", member_id, clinic.id)

    assert send_due() == 2
    assert {row["state"] for row in rows(app, "staff_letters")} == {"queued"}


@pytest.mark.slow
def test_a_link_stays_valid_if_it_is_unknown_whether_the_mail_was_accepted(app, clinic, mailbox):
    queue("reset", a_person(app, clinic.id), clinic.id)
    mailbox.hangs_up = True

    send_due()

    assert only(app)["state"] == "unknown"
    assert only(app)["token_hash"]


@pytest.mark.slow
def test_neither_addresses_nor_tokens_are_logged(app, clinic, mailbox, caplog):
    queue("reset", a_person(app, clinic.id), clinic.id)
    with caplog.at_level(logging.DEBUG, logger="clinic"):
        send_due()

    token = text_of(mailbox.only()).partition("/password/")[2].split()[0]
    assert EMAIL not in caplog.text
    assert token not in caplog.text


@pytest.mark.slow
def test_old_mail_is_deleted(app, clinic, mailbox, clock):
    queue("reset", a_person(app, clinic.id), clinic.id)
    send_due()
    clock.shift(timedelta(days=31))

    staff_mail_queue.forget_old()

    assert rows(app, "staff_letters") == []


def test_a_reset_that_is_voided_after_its_claim_is_not_sent(app, clinic):
    member_id = a_person(app, clinic.id)
    queue("reset", member_id, clinic.id)
    row = staff_mail_queue.claim()
    assert row

    with unit_of_work():
        staff_mail_queue.void_links(member_id)

    with pytest.raises(LeaseLost):
        staff_mail_queue.prepare(row)


def test_no_token_is_stored_in_clear(app, clinic):
    queue("reset", a_person(app, clinic.id), clinic.id)
    row = staff_mail_queue.claim()
    assert row
    assert only(app)["token_hash"] is None

    token = staff_mail_queue.prepare(row).token

    assert token
    assert only(app)["token_hash"]
    assert token not in str(only(app))
