"""The registration that belongs to a booking asks about consent, as that of a new patient does."""

import pytest

from tests.assertions import row_counts, rows
from tests.builders import a_practitioner

TYPED = {"day": "2029-11-26", "time": "9:00", "minutes": "30"}
NEW = {"registration-family_name": "Zamora", "registration-phone": "912 555 014", "consent_shown": "1"}
TICKED = {"care": ["email"], "reminders": ["email", "sms"]}


@pytest.fixture
def book(client, here):
    """Book by the page, for a_patient who is registered with it."""
    with here():
        practitioner_id = a_practitioner().id
    return lambda **fields: client.submit(
        "/appointments/new", practitioner_id=practitioner_id, overbook_reason="Typed", **TYPED | fields
    )


def answers(app):
    return {f"{row['purpose']}:{row['channel']}": row["state"] for row in rows(app, "consent_answers")}


def test_the_form_shows_what_is_on_by_registration(client):
    page = client.get("/appointments/new?patient=Zamora").text

    assert 'name="care" value="email"' in page
    assert " checked" in page.partition('name="care" value="email"')[2].partition(">")[0]
    assert " checked" not in page.partition('name="news" value="email"')[2].partition(">")[0]


@pytest.mark.slow
def test_what_was_ticked_is_recorded_with_the_booking(app, book):
    answer = book(**NEW, **TICKED, not_asked="1")

    assert answer.status_code == 303
    assert answers(app) == {"reminders:sms": "yes"}
    assert rows(app, "consent_answers")[0]["source"] == "registration-form"


def test_once_everything_was_asked_the_rest_is_a_no_where_there_is_an_address(app, book):
    book(**NEW, **TICKED)

    assert answers(app) == {
        "reminders:sms": "yes",
        "reminders:phone": "no",
        **{f"{purpose}:{channel}": "no" for purpose in ("recalls", "news") for channel in ("sms", "phone")},
    }


@pytest.mark.slow
def test_a_booking_of_somebody_on_record_asks_nothing(app, client, book):
    book(**NEW, **TICKED, not_asked="1")
    before = row_counts(app)["consent_answers"]

    answer = book(patient="1", consent_shown="1", news="email", day="2029-11-27")

    assert (answer.status_code, row_counts(app)["consent_answers"]) == (303, before)


def test_a_refused_booking_keeps_the_ticks_and_records_nothing(app, book):
    answer = book(**NEW | {"registration-phone": "1"}, **TICKED)

    ticked = answer.text.partition('name="reminders" value="sms"')[2].partition(">")[0]
    assert (answer.status_code, " checked" in ticked) == (422, True)
    assert row_counts(app)["consent_answers"] == row_counts(app)["patients"] == 0
