"""Stopping messages: on a page, and with one click in a mail program (RFC 8058)."""

import re
from html import unescape

import pytest

from clinic.core.jobs import run_due_jobs
from clinic.patients.service import consent_service
from tests.assertions import contents, rows, spoken
from tests.page_client import hidden_value

CLICK = {"List-Unsubscribe": "One-Click"}


def answers(app):
    return [(row["purpose"], row["channel"], row["state"], row["source"]) for row in rows(app, "consent_answers")]


@pytest.mark.slow
def test_every_message_has_the_header_fields_of_one_click(mailbox, links):
    for message in mailbox.messages:
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Unsubscribe"].startswith("<http")
    assert mailbox.messages[-1]["List-Unsubscribe"].endswith(f"{links['unsubscribe']}>")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_withdraws_the_purpose_of_the_message_once(app, visitor, links, form):
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}

    first = visitor.post(links["unsubscribe"], data=CLICK, content_type=form, headers=headers)
    again = visitor.post(links["unsubscribe"], data=CLICK, content_type=form)

    assert (first.status_code, again.status_code, first.text) == (200, 200, "")
    assert answers(app) == [("care", "email", "withdrawn", "link")]
    assert rows(app, "consent_answers")[0]["recorded_by"] == "link:patient"


def test_a_post_without_the_field_of_one_click_stops_nothing(app, visitor, links):
    assert visitor.post(links["unsubscribe"]).status_code == 400
    assert answers(app) == []


@pytest.mark.slow
def test_opening_the_addresses_stops_nothing(app, visitor, links):
    before = contents(app)

    page = visitor.get(links["unsubscribe"], follow_redirects=True)

    assert page.request.path == links["preferences"]
    assert contents(app) == before


def test_one_purpose_is_stopped_on_the_page_and_that_undone(app, visitor, links):
    stopped = visitor.post(links["preferences"], data={"what": "reminders"}, follow_redirects=True)
    assert "You get no more reminders" in spoken(stopped.text)
    assert answers(app) == [("reminders", "email", "withdrawn", "link")]

    version = hidden_value(stopped.text, "version")
    visitor.post(links["preferences"], data={"version": version})

    assert answers(app)[-1][2] == "by-registration"


def test_who_opened_the_page_by_mistake_keeps_getting_them(app, visitor, links):
    asked, before = visitor.get(links["preferences"]), contents(app)
    [address] = re.findall(r'href="([^"]*keep=1)">Keep getting them', asked.text)

    page = visitor.get(unescape(address))

    assert "You keep getting our messages" in spoken(page.text)
    assert contents(app) == before


@pytest.mark.slow
def test_after_a_stop_the_page_does_not_say_that_the_messages_go_on(visitor, links):
    visitor.post(links["preferences"], data={"what": "reminders"})

    assert "You get no more reminders" in spoken(visitor.get(f"{links['preferences']}?keep=1").text)


@pytest.mark.slow
def test_all_written_messages_are_stopped(app, visitor, links):
    page = visitor.post(links["preferences"], data={"what": "all"}, follow_redirects=True)

    assert "You get no more messages" in spoken(page.text)
    assert {row[1] for row in answers(app)} == {"email", "sms"}
    assert {row[0] for row in answers(app)} == {"care", "reminders", "recalls", "news"}


def test_a_link_undoes_nothing_that_the_desk_recorded(app, here, visitor, visit, links):
    with here():
        consent_service.record(visit.patient_id, {("care", "email"): False}, source="in-person")
    before = answers(app)

    visitor.post(links["preferences"], data={"version": "2"})

    assert answers(app) == before


@pytest.mark.slow
def test_a_message_after_the_stop_is_not_sent(app, here, visitor, links, mailbox):
    visitor.post(links["unsubscribe"], data=CLICK)
    sent = len(mailbox.messages)

    visitor.post(links["answer"], data={"answer": "no"})
    with here():
        run_due_jobs()

    assert len(mailbox.messages) == sent
    assert rows(app, "notifications")[-1]["reason"] == "no consent to care messages by email: withdrawn"
