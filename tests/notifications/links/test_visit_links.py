"""What a patient does through the link of a visit."""

from datetime import date, timedelta

import pytest

from clinic.appointments.service import appointment_service
from clinic.patients.service import patient_service, related_person_service
from tests.assertions import contents, rows, spoken
from tests.builders import MONDAY, somebody
from tests.notifications.links.messages import a_visit, sent_links


def status_of(app):
    return rows(app, "appointments")[-1]["status"]


def answer(visitor, path, value):
    return visitor.post(path, data={"answer": value}, follow_redirects=True)


@pytest.mark.slow
def test_opening_a_link_shows_the_visit_and_changes_nothing(app, visitor, links):
    before = contents(app)

    page = visitor.get(links["answer"])
    visitor.head(links["answer"])

    assert page.status_code == 200
    assert "26 November 2029" in spoken(page.text)
    assert "Set-Cookie" not in page.headers
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert contents(app) == before


@pytest.mark.slow
def test_a_patient_confirms_once_as_themselves(app, visitor, links):
    pages = [answer(visitor, links["answer"], "yes") for _ in range(2)]

    assert all("Thank you, we expect you" in spoken(page.text) for page in pages)
    history = rows(app, "appointment_history")
    assert [(row["action"], row["actor"]) for row in history[1:]] == [("confirmation", "link:patient")]
    assert rows(app, "audit_entries")[-1]["actor"] == "link:patient"


def test_a_patient_cancels_and_takes_it_back(app, visitor, links):
    cancelled = answer(visitor, links["answer"], "no")
    assert (status_of(app), rows(app, "appointments")[0]["cancel_reason"]) == ("cancelled", "patient")
    assert "Take the time back" in cancelled.text

    answer(visitor, links["answer"], "undo")

    assert status_of(app) == "booked"


@pytest.mark.slow
def test_after_ten_minutes_a_cancellation_is_not_taken_back(app, visitor, links, week_before):
    answer(visitor, links["answer"], "no")
    week_before.shift(timedelta(minutes=11))

    page = answer(visitor, links["answer"], "undo")

    assert status_of(app) == "cancelled"
    assert "does not take place" in page.text


def test_a_cancellation_of_the_clinic_is_not_taken_back(app, here, visitor, visit, links):
    with here():
        appointment_service.cancel(visit.id, reason="clinic")

    page = answer(visitor, links["answer"], "undo")

    assert status_of(app) == "cancelled"
    assert "Take the time back" not in page.text


def test_a_link_of_before_a_move_says_so_without_the_new_time(app, here, visitor, visit, links):
    with here():
        appointment_service.reschedule(visit.id, starts_at=MONDAY + timedelta(hours=1))

    page = answer(visitor, links["answer"], "no")

    assert (page.status_code, status_of(app)) == (410, "booked")
    assert "a time that was changed" in page.text
    assert "10:00" not in page.text
    assert visitor.get(links["calendar"]).status_code == 410


@pytest.mark.slow
def test_the_message_about_a_move_has_a_link_of_its_own(app, here, visitor, visit, links):
    with here():
        appointment_service.reschedule(visit.id, starts_at=MONDAY + timedelta(hours=1))
        newer = sent_links("change")

    assert "10:00" in visitor.get(newer["answer"]).text
    assert newer["answer"] != links["answer"]


def test_short_before_the_visit_it_is_confirmed_but_not_cancelled(app, visitor, links, week_before):
    week_before.move_to(MONDAY - timedelta(hours=2))

    late = answer(visitor, links["answer"], "no")
    answer(visitor, links["answer"], "yes")

    assert "Please call us" in spoken(late.text)
    assert status_of(app) == "booked"
    assert rows(app, "appointments")[0]["confirmed_at"]


def test_after_the_visit_the_link_says_so_and_a_day_later_nothing(app, visitor, links, week_before):
    week_before.move_to(MONDAY + timedelta(hours=1))
    assert "has begun or is over" in answer(visitor, links["answer"], "yes").text

    week_before.move_to(MONDAY + timedelta(days=2))

    page = visitor.get(links["answer"])
    assert (page.status_code, page.text) == (404, visitor.get("/my/visit/unknown").text)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["arrive", "cancel"])
def test_what_has_begun_or_was_cancelled_is_not_answered(app, here, visitor, links, state):
    with here():
        getattr(appointment_service, state)(rows(app, "appointments")[0]["id"])
    before = contents(app)

    answer(visitor, links["answer"], "yes")
    answer(visitor, links["answer"], "no")

    assert contents(app) == before


def record_death(patient_id):
    patient_service.record_death(patient_id, deceased_on=date(2029, 11, 18))


def change_address(patient_id):
    patient_service.update(patient_id, version=None, email="new@example.org")


@pytest.mark.parametrize("change", [record_death, change_address])
def test_a_link_does_nothing_once_its_reader_may_not_answer(app, here, visitor, links, change):
    with here():
        change(rows(app, "patients")[0]["id"])
    before = contents(app)

    page = answer(visitor, links["answer"], "no")

    assert (page.status_code, contents(app)) == (410, before)
    assert "26 November" not in page.text


def test_a_guardian_answers_for_a_child_who_is_named_by_given_name(app, here, visitor, mailbox, week_before):
    with here():
        child = somebody(given_name="Tiago", birth_date="2022-09-09", email=None, language="en")
        related_person_service.create(child.id, roles=["guardian"], name="Rui Costa", email="rui@example.org")
        a_visit(child)
        path = sent_links()["answer"]

    assert "Appointment of Tiago" in spoken(visitor.get(path).text)
    answer(visitor, path, "yes")

    assert rows(app, "appointment_history")[-1]["actor"] == "link:guardian"


@pytest.mark.slow
def test_a_link_of_one_purpose_opens_no_other(visitor, links):
    tokens = {name: path.rsplit("/", 1)[1].removesuffix(".ics") for name, path in links.items()}

    assert visitor.get(f"/my/visit/{tokens['calendar']}").status_code == 404
    assert visitor.get(f"/my/visit/{tokens['preferences']}").status_code == 404
    assert visitor.get(f"/my/messages/{tokens['answer']}").status_code == 404
    assert visitor.get(f"/my/calendar/{tokens['answer']}.ics").status_code == 404


def test_a_form_of_another_site_changes_nothing(app, visitor, links):
    before = contents(app)

    refused = [
        visitor.post(links["answer"], data={"answer": "no"}, headers=headers).status_code
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"})
    ]

    assert refused == [403, 403]
    assert contents(app) == before


@pytest.mark.slow
def test_browsers_send_the_pages_own_forms_without_an_origin(app, visitor, links):
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}

    assert visitor.post(links["answer"], data={"answer": "no"}, headers=headers).status_code == 303
    assert status_of(app) == "cancelled"


def test_only_hashes_are_stored_and_the_desk_sees_no_token(app, client, here, links):
    tokens = [path.rsplit("/", 1)[1].removesuffix(".ics") for path in links.values()]
    message = rows(app, "notifications")[-1]["id"]

    stored = repr(contents(app))
    shown = client.get(f"/messages/{message}").text

    assert not any(token in stored or token in shown for token in tokens)


@pytest.mark.slow
def test_a_link_opened_too_often_asks_to_wait(visitor, links):
    answers = [visitor.get(links["answer"]) for _ in range(61)]

    assert [page.status_code for page in answers[-2:]] == [200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_guessing_is_limited(visitor, clinic):
    pages = [visitor.get(f"/my/visit/{'x' * 42}{number}") for number in range(31)]

    assert [page.status_code for page in pages[-2:]] == [404, 429]


@pytest.mark.slow
def test_somebody_who_works_in_another_clinic_answers_as_the_patient(app, client, here, other_clinic, links):
    client.work_in(other_clinic)

    answer(client, links["answer"], "yes")

    assert rows(app, "appointment_history")[-1]["actor"] == "link:patient"
