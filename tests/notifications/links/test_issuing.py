"""When links come to exist: with the hand-over of their message, the same over all attempts to send what it says."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.jobs import run_due_jobs
from clinic.notifications import linked_mail
from clinic.notifications.links.issuing import delete_expired_links
from clinic.notifications.mail_links import make_links
from clinic.notifications.mail_queue import CHANGED_MEANWHILE
from clinic.notifications.models import Notification
from clinic.notifications.writing import mails
from tests.assertions import rows
from tests.builders import MONDAY
from tests.notifications.links.messages import a_visit
from tests.statements import counted_statements, of_rows

MOST_STATEMENTS = 12


@pytest.mark.slow
@pytest.mark.usefixtures("inside", "week_before")
def test_a_link_is_the_same_until_the_message_says_another_time(mailbox):
    visit = a_visit()
    of_visit = select(Notification).where(Notification.about_id == visit.id, Notification.kind == "confirmation")
    message = db.session.scalars(of_visit).one()
    before = make_links(message)

    assert make_links(message) == before
    appointment_service.reschedule(visit.id, starts_at=MONDAY + timedelta(hours=1))

    after = make_links(message)
    assert (after.answer != before.answer, after.preferences) == (True, before.preferences)


@pytest.mark.usefixtures("inside", "week_before")
def test_a_visit_that_changes_while_its_message_is_written_is_written_again(app, mailbox, monkeypatch):
    visit = a_visit()
    add_parts = linked_mail.add_parts

    def move_meanwhile(mail, notification):
        written = add_parts(mail, notification)
        if notification.kind == "confirmation":
            appointment_service.reschedule(visit.id, starts_at=MONDAY + timedelta(hours=1))
        return written

    monkeypatch.setattr(mails, "add_parts", move_meanwhile)
    run_due_jobs()

    confirmation = next(row for row in rows(app, "notifications") if row["kind"] == "confirmation")
    assert (confirmation["state"], confirmation["reason"]) == ("queued", CHANGED_MEANWHILE)
    assert confirmation["id"] not in {row["notification_id"] for row in rows(app, "link_tokens")}


def test_links_are_deleted_when_they_have_expired(app, here, links, week_before):
    week_before.move_to(now() + timedelta(days=9))

    with here():
        deleted = delete_expired_links()

    assert deleted == 2
    assert {row["purpose"] for row in rows(app, "link_tokens")} == {"preferences"}


@pytest.mark.slow
@pytest.mark.parametrize("purpose", ["answer", "preferences", "calendar"])
def test_a_page_behind_a_link_takes_few_statements(app, visitor, links, purpose):
    visitor.get(links[purpose])

    with counted_statements(app) as statements:
        assert visitor.get(links[purpose]).status_code == 200

    read = [one for one in of_rows(statements) if "throttles" not in one]
    assert len(read) <= MOST_STATEMENTS
