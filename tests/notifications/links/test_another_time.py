"""Another time through a link: the date of birth first, then a few times that are free."""

import re
from datetime import timedelta

import pytest

from clinic.appointments.service import practitioner_service
from clinic.core.jobs import run_due_jobs
from clinic.patients.service import patient_service
from tests.assertions import rows, spoken
from tests.builders import MONDAY, an_appointment, somebody

RIGHT = {"day": "21", "month": "6", "year": "1991"}
WRONG = {"day": "22", "month": "6", "year": "1991"}


def starts(page):
    return re.findall(r'name="start"[^>]* value="([^"]*)"', page.text)


def enter(visitor, path, fields):
    return visitor.post(f"{path}/birth-date", data=fields, follow_redirects=True)


@pytest.mark.slow
def test_the_date_of_birth_is_asked_once_and_a_few_times_are_offered(visitor, links):
    asked = visitor.get(f"{links['answer']}/time")
    offered = enter(visitor, links["answer"], RIGHT)

    assert "Your date of birth" in asked.text
    assert not starts(asked)
    assert 1 < len(starts(offered)) <= 12
    assert starts(visitor.get(f"{links['answer']}/time")) == starts(offered)


def test_after_half_an_hour_it_is_asked_again(visitor, links, week_before):
    enter(visitor, links["answer"], RIGHT)
    week_before.shift(timedelta(minutes=31))

    assert "Your date of birth" in visitor.get(f"{links['answer']}/time").text


def test_five_wrong_dates_leave_the_phone_number_alone(visitor, links):
    pages = [enter(visitor, links["answer"], WRONG) for _ in range(5)]

    assert "4 tries are left" in pages[0].text
    assert "1 try is left" in pages[3].text
    assert "can’t be chosen here" in pages[4].text
    assert not starts(enter(visitor, links["answer"], RIGHT))


@pytest.mark.slow
def test_what_is_no_date_costs_no_try(app, visitor, links):
    page = enter(visitor, links["answer"], {"day": "31", "month": "2", "year": "²"})

    assert (page.status_code, "Enter a date of birth" in page.text) == (422, True)
    assert {row["tries"] for row in rows(app, "link_tokens")} == {0}


@pytest.mark.slow
def test_moving_shows_the_new_time_for_a_while_and_confirms_it(app, visitor, links, week_before):
    chosen = starts(enter(visitor, links["answer"], RIGHT))[0]

    page = visitor.post(f"{links['answer']}/time", data={"start": chosen}, follow_redirects=True)

    visit = rows(app, "appointments")[0]
    assert visit["starts_at"].isoformat().startswith(chosen[:16])
    assert visit["confirmed_at"]
    assert "Your appointment is moved" in spoken(page.text)
    assert [row["actor"] for row in rows(app, "appointment_history")[1:]] == ["link:patient"] * 2
    week_before.shift(timedelta(minutes=31))
    assert visitor.get(links["answer"]).status_code == 410


def test_a_choice_that_is_sent_twice_moves_once_and_is_answered_alike(app, visitor, links):
    chosen = {"start": starts(enter(visitor, links["answer"], RIGHT))[0]}

    first, second = (visitor.post(f"{links['answer']}/time", data=chosen) for _ in range(2))

    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, links["answer"])
    assert len(rows(app, "appointment_history")) == 3  # booked, moved, confirmed


@pytest.mark.slow
def test_who_has_cancelled_chooses_another_time_instead(app, here, visitor, links, mailbox):
    page = visitor.post(links["answer"], data={"answer": "no"}, follow_redirects=True)
    assert "Choose another time" in page.text
    offered = enter(visitor, links["answer"], RIGHT)
    assert "Cancelled: Monday" in spoken(offered.text)

    visitor.post(f"{links['answer']}/time", data={"start": starts(offered)[0]})

    visit = rows(app, "appointments")[0]
    assert (visit["status"], visit["starts_at"].isoformat()[:16]) == ("booked", starts(offered)[0][:16])
    with here():
        run_due_jobs()
    queued = {row["kind"]: row["state"] for row in rows(app, "notifications") if row["about_id"] == visit["id"]}
    assert queued["cancellation"] == "suppressed"
    assert queued["change"] in {"queued", "sent"}


@pytest.fixture
def given_away(here, visitor, visit, links):
    """The visit was cancelled through its link, and its time booked by somebody else at once."""
    visitor.post(links["answer"], data={"answer": "no"})
    with here():
        practitioner = practitioner_service.get(visit.practitioner_id)
        an_appointment(somebody(given_name="Rui", email=None), practitioner, starts_at=visit.starts_at)


def test_who_takes_back_a_time_that_was_given_away_is_offered_other_times(app, visitor, links, given_away):
    page = visitor.post(links["answer"], data={"answer": "undo"})

    assert page.status_code == 409
    assert "Somebody else has taken this time" in spoken(page.text)
    assert "Choose another time" in page.text
    assert "Take the time back" not in page.text
    assert rows(app, "appointments")[0]["status"] == "cancelled"


def test_another_time_is_booked_although_the_cancelled_one_was_given_away(app, visitor, visit, links, given_away):
    offered = enter(visitor, links["answer"], RIGHT)

    page = visitor.post(f"{links['answer']}/time", data={"start": starts(offered)[0]}, follow_redirects=True)

    moved = next(row for row in rows(app, "appointments") if row["id"] == visit.id)
    assert (moved["status"], moved["starts_at"].isoformat()[:16]) == ("booked", starts(offered)[0][:16])
    assert "Your appointment is moved" in spoken(page.text)
    moves = [row["action"] for row in rows(app, "appointment_history") if row["appointment_id"] == visit.id]
    assert moves == ["book", "cancel", "undo", "reschedule", "confirmation"]


@pytest.mark.slow
def test_who_has_cancelled_long_ago_calls(app, visitor, links, week_before):
    visitor.post(links["answer"], data={"answer": "no"})
    enter(visitor, links["answer"], RIGHT)
    week_before.shift(timedelta(minutes=11))

    page = visitor.post(
        f"{links['answer']}/time", data={"start": (MONDAY + timedelta(hours=1)).isoformat()}, follow_redirects=True
    )

    assert "does not take place" in page.text
    assert rows(app, "appointments")[0]["status"] == "cancelled"


@pytest.mark.slow
def test_a_time_that_was_taken_meanwhile_is_refused(app, here, visitor, visit, links):
    chosen = starts(enter(visitor, links["answer"], RIGHT))
    with here():
        others = somebody(given_name="Rui", email=None)
        taken = visit.starts_at + timedelta(hours=1)
        an_appointment(others, practitioner_service.get(visit.practitioner_id), starts_at=taken)

    page = visitor.post(f"{links['answer']}/time", data={"start": taken.isoformat()})

    assert page.status_code == 409
    assert "not free any more" in page.text
    assert set(starts(page)) <= {*chosen, *starts(page)} - {taken.isoformat()}


@pytest.mark.parametrize(
    "start", ["2029-11-26T03:00:00+00:00", "2029-11-27T09:00:00+00:00", "2029-11-19T09:30:00+00:00"]
)
def test_only_what_is_offered_can_be_chosen(app, visitor, visit, links, start):
    enter(visitor, links["answer"], RIGHT)

    assert visitor.post(f"{links['answer']}/time", data={"start": start}).status_code == 409
    assert rows(app, "appointments")[0]["version"] == 1


def test_without_the_date_of_birth_nothing_is_moved(app, visitor, visit, links):
    start = (MONDAY + timedelta(hours=1)).isoformat()

    visitor.post(f"{links['answer']}/time", data={"start": start})

    assert rows(app, "appointments")[0]["version"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("birth_date", [None, "1991", "1991-06"])
def test_without_a_full_date_of_birth_on_record_there_is_no_other_time(here, visitor, visit, links, birth_date):
    with here():
        patient_service.update(visit.patient_id, version=None, birth_date=birth_date)

    assert "Another time" not in visitor.get(links["answer"]).text
    assert "can’t be chosen here" in visitor.get(f"{links['answer']}/time").text
