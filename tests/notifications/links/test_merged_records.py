"""Links in messages of a record that was merged into another one of the same person."""

import pytest

from clinic.patients.service import merge_service
from tests.assertions import contents, rows, spoken
from tests.builders import somebody

CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def survivor(here, visit, links):
    """The record into which that of the visit's patient was merged, after its message was sent."""
    with here():
        kept = somebody(language="en", email="kept@example.org")
        merge_service.merge(kept.id, visit.patient_id)
        return kept.id


def withdrawn(app):
    found = [row for row in rows(app, "consent_answers") if row["source"] == "link"]
    return [(row["patient_id"], row["purpose"], row["channel"], row["state"]) for row in found]


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["yes", "no", "undo"])
def test_an_answer_through_the_link_of_a_merged_record_does_nothing_and_says_whom_to_call(
    app, visitor, survivor, links, answer
):
    before = contents(app)

    page = visitor.post(links["answer"], data={"answer": answer}, follow_redirects=True)

    assert page.status_code == 410
    assert "This link does not work any more. Please call us" in spoken(page.text)
    assert "<button" not in page.text
    assert contents(app) == before


def test_the_time_of_a_merged_record_is_not_changed_by_its_link(app, visitor, survivor, links):
    before = contents(app)

    for path in (f"{links['answer']}/time", f"{links['answer']}/birth-date"):
        typed = {"start": "2029-11-26T10:00:00+00:00", "day": "21", "month": "6", "year": "1991"}
        page = visitor.post(path, data=typed, follow_redirects=True)
        assert "call us" in spoken(page.text)

    assert contents(app) == before


def test_one_click_in_a_mail_of_a_merged_record_holds_for_the_one_that_was_kept(app, visitor, survivor, links):
    answer = visitor.post(links["unsubscribe"], data=CLICK)

    assert answer.status_code == 200
    assert withdrawn(app) == [(survivor, "care", "email", "withdrawn")]


def test_messages_are_stopped_on_the_page_for_the_record_that_was_kept(app, visitor, survivor, links):
    page = visitor.post(links["preferences"], data={"what": "reminders"}, follow_redirects=True)

    assert "You get no more reminders" in spoken(page.text)
    assert withdrawn(app) == [(survivor, "reminders", "email", "withdrawn")]
